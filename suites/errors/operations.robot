*** Settings ***
Documentation       Requests for text completions and embeddings are held to the bounds of the OpenAI specification, and
...                 the refusal names field and bound. Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource
Library             keywords.client.prompts.PromptsLibrary

Test Template       Request Is Refused

Test Tags           kind:negative


*** Test Cases ***    PATH    FIELDS    PARAM    CODE
A text completion without a prompt is refused
    [Tags]    req:CMPL-007
    completions    "temperature": 0    prompt    missing_required_parameter
A prompt that is a number is refused
    [Tags]    req:CMPL-007
    completions    "prompt": 5    prompt    invalid_type
An empty list of prompts is refused
    [Tags]    req:CMPL-007
    completions    "prompt": []    prompt    empty_array
A list of prompts with a number among them is refused
    [Tags]    req:CMPL-007
    completions    "prompt": ["a", 5]    prompt[1]    invalid_type
A negative id of a token is refused
    [Tags]    req:CMPL-007
    completions    "prompt": [[1, -1]]    prompt[0][1]    integer_below_min_value
More than 5 log probabilities are refused
    [Tags]    req:CMPL-007
    completions    "prompt": "a", "logprobs": 6    logprobs    integer_above_max_value
A negative limit of a text completion is refused
    [Tags]    req:CMPL-007
    completions    "prompt": "a", "max_tokens": -1    max_tokens    integer_below_min_value
The best of fewer than are asked for is refused
    [Tags]    req:CMPL-007
    completions    "prompt": "a", "n": 3, "best_of": 2    best_of    invalid_value
The best of several as a stream is refused
    [Tags]    req:CMPL-007
    completions    "prompt": "a", "best_of": 2, "stream": true    best_of    invalid_value
Embeddings without an input are refused
    [Tags]    req:EMBD-003
    embeddings    "user": "u"    input    missing_required_parameter
An empty text is refused
    [Tags]    req:EMBD-003
    embeddings    "input": ""    input    empty_string
An empty text among others is refused
    [Tags]    req:EMBD-003
    embeddings    "input": ["a", ""]    input[1]    empty_string
More than 2048 texts are refused
    [Tags]    req:EMBD-003
    [Setup]    Prepare 2049 Texts
    embeddings    "input": [${TEXTS}]    input    array_above_max_length
Vectors without a length are refused
    [Tags]    req:EMBD-003
    embeddings    "input": "a", "dimensions": 0    dimensions    integer_below_min_value
An unknown format of vectors is refused
    [Tags]    req:EMBD-003
    embeddings    "input": "a", "encoding_format": "hex"    encoding_format    invalid_value


*** Keywords ***
Prepare 2049 Texts
    [Documentation]    One more than OpenAI takes, as the items of a JSON array.
    ${texts} =    Repeated Text    "a"    2049    separator=,
    VAR    ${TEXTS}    ${texts}    scope=TEST

Request Is Refused
    [Documentation]    The fields beside the model, and the field and code of the refusal.
    [Arguments]    ${path: str}    ${fields: str}    ${param: str}    ${code: str}
    ${exchange} =    Send Raw    POST    /v1/${path}    {"model": "${MODEL}", ${fields}}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Error Should Be An OpenAI Error    ${exchange}
    Get Error Field    ${exchange}    param    ==    ${param}
    Get Error Field    ${exchange}    code    ==    ${code}
