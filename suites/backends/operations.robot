*** Settings ***
Documentation       What each kind of backend can be asked for besides chat; a client sees no difference between those
...                 that can.

Resource            ../../resources/gateway.resource
Library             keywords.broken_stream.BrokenStreamLibrary
Library             keywords.completions.CompletionsLibrary
Library             keywords.embeddings.EmbeddingsLibrary

Suite Setup         Open Gateway Before All Kinds
Suite Teardown      Run Keywords    Stop Further Gateways    AND    Stop Scripted Backends
Test Setup          Script Answer Of Three Words
Test Teardown       No Operation

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
Every kind of backend completes text
    [Tags]    req:OPER-001
    [Template]    Text Is Completed
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend completes text as a stream
    [Tags]    req:OPER-001
    [Template]    Text Is Completed As A Stream
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend makes vectors
    [Tags]    req:OPER-001
    [Template]    Texts Become Vectors
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend's vectors come packed
    [Tags]    req:EMBD-002
    [Template]    Vectors Come Packed
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend's vectors have the length that was asked for
    [Tags]    req:EMBD-004
    [Template]    Vectors Have The Asked Length
    openai
    azure
    azure-deployment
    nim
    ollama

Each kind of backend is asked at its own address
    [Tags]    req:OPER-001
    [Template]    Backend Is Asked At
    openai    /v1/completions    /v1/embeddings
    azure    /openai/v1/completions    /openai/v1/embeddings
    azure-deployment    /openai/deployments/scripted/completions?api-version=2024-10-21
    ...    /openai/deployments/scripted/embeddings?api-version=2024-10-21
    nim    /v1/completions    /v1/embeddings
    ollama    /api/generate    /api/embed

Ollama continues the bare prompt, cuts nothing, and stops where OpenAI would
    [Tags]    req:CMPL-005
    Complete Text    Once    model=ollama    max_tokens=${None}
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    VAR    ${asked}    ${recorded[-1].json()}
    Should Be True    $asked['raw'] and not $asked['truncate'] and not $asked['shift']
    Should Be Equal    ${asked}[options]    ${{ {'num_predict': 16} }}

Ollama is sent one prompt at a time, and no ids of tokens
    [Tags]    req:CMPL-006    kind:negative
    [Template]    Ollama Refuses The Prompt
    \["Once", "upon"]
    \[1, 2]

Each of several prompts has choices of its own
    [Tags]    req:CMPL-003
    ${answer} =    Complete Text    ${{ ['Once', 'upon a'] }}    model=openai    n=2
    Answer Should Be A Complete Text Completion    ${answer}    choices=4
    Get Usage    ${answer}    prompt_tokens    ==    3

An error in the stream of a text completion reaches the client
    [Tags]    req:OPER-003    kind:negative
    [Template]    Broken Stream Says So
    openai    cut
    azure    error
    nim    close
    ollama    error
    ollama    cut

A stream of two prompts that breaks off before the second is finished says so
    [Tags]    req:OPER-003    kind:negative
    Script Fault    ${BACKEND}    close    at_byte=1400
    ${stream} =    Stream Text    ${{ ['Once', 'upon'] }}    model=openai
    Length Should Be    ${stream.finish_reasons}    1
    Get Stream Error Code    ${stream}    ==    backend_disconnected

Anthropic has neither, and the refusal says who has
    [Tags]    req:OPER-002    kind:negative
    [Template]    Anthropic's Model Is Refused At
    /v1/completions    {"model": "anthropic", "prompt": "Once"}
    /v1/embeddings    {"model": "anthropic", "input": "Once"}

Unknown fields of requests besides chat reach the backend untouched
    [Tags]    req:CHAT-005
    [Template]    Fields Arrive Untouched
    /v1/completions    {"model": "openai", "prompt": "Once", "guided_choice": ["a"]}
    /v1/embeddings    {"model": "openai", "input": ["Once"], "input_type": "query"}


*** Keywords ***
Script Answer Of Three Words
    [Documentation]    The backend says the same whatever kind it stands for.
    Script Answer    ${BACKEND}    One${SPACE}    answer,${SPACE}    please.

Text Is Completed
    [Documentation]    All that the backend said, and its tokens: two words asked, three chunks answered.
    [Arguments]    ${kind: str}
    ${answer} =    Complete Text    Two words    model=${kind}
    Answer Should Be A Complete Text Completion    ${answer}
    Get Text    ${answer}    ==    One answer, please.
    Get Usage    ${answer}    prompt_tokens    ==    2
    Get Usage    ${answer}    completion_tokens    ==    3

Text Is Completed As A Stream
    [Documentation]    The same in pieces.
    [Arguments]    ${kind: str}
    ${stream} =    Stream Text    Two words    model=${kind}    include_usage=True
    Text Stream Should Be Closed Properly    ${stream}
    Get Text    ${stream}    ==    One answer, please.
    Get Usage    ${stream}    prompt_tokens    ==    2
    Get Usage    ${stream}    completion_tokens    ==    3

Texts Become Vectors
    [Documentation]    One for each, and their tokens.
    [Arguments]    ${kind: str}
    ${vectors} =    Embed    Two words    and three more    model=${kind}
    Embeddings Should Be Complete    ${vectors}    texts=2
    Get Tokens Of Embeddings    ${vectors}    ==    5

Vectors Come Packed
    [Documentation]    The same numbers in both formats.
    [Arguments]    ${kind: str}
    ${plain} =    Embed    Two words    model=${kind}    encoding_format=float
    ${packed} =    Embed    Two words    model=${kind}    encoding_format=base64
    Get Similarity    ${plain}    ${packed}    >    0.999

Vectors Have The Asked Length
    [Documentation]    Dimensions reach the backend.
    [Arguments]    ${kind: str}
    ${vectors} =    Embed    Two words    model=${kind}    extra=${{ {'dimensions': 5} }}
    Get Vector Length    ${vectors}    ==    5

Backend Is Asked At
    [Documentation]    The paths of the requests that reached it.
    [Arguments]    ${kind: str}    ${completions: str}    ${embeddings: str}
    Complete Text    Once    model=${kind}
    Embed    Once    model=${kind}
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Should Be Equal    ${recorded[-2].path}    ${completions}
    Should Be Equal    ${recorded[-1].path}    ${embeddings}

Ollama Refuses The Prompt
    [Documentation]    With 400, before anything was sent.
    [Arguments]    ${prompt: str}
    ${exchange} =    Send Raw    POST    /v1/completions    {"model": "ollama", "prompt": ${prompt}}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    prompt

Broken Stream Says So
    [Documentation]    In OpenAI's form, after what came before it.
    [Arguments]    ${kind: str}    ${fault: str}
    Script Answer Of Three Words
    Script Fault    ${BACKEND}    ${fault}    after=2
    ${stream} =    Stream Text    Once    model=${kind}
    Get Text    ${stream}    ==    One answer,${SPACE}
    Stream Should Say That It Broke Off    ${stream}

Anthropic's Model Is Refused At
    [Documentation]    By the model's name, the endpoint's, and the name of a model that can be asked.
    [Arguments]    ${path: str}    ${body: str}
    ${exchange} =    Send Raw    POST    ${path}    ${body}    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Error Should Be An OpenAI Error    ${exchange}
    Get Error Field    ${exchange}    param    ==    model
    Get Error Field    ${exchange}    code    ==    unsupported_endpoint
    Get Error Field    ${exchange}    message    contains    'anthropic'
    Get Error Field    ${exchange}    message    contains    ${path}
    Get Error Field    ${exchange}    message    contains    'openai'

Fields Arrive Untouched
    [Documentation]    All but the model's name, which is another one at the backend.
    [Arguments]    ${path: str}    ${body: str}
    ${exchange} =    Send Raw    POST    ${path}    ${body}    Content-Type: application/json
    Get Status    ${exchange}    ==    200
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Should Be Equal    ${recorded[-1].json()}    ${{ json.loads($body) | {'model': 'scripted'} }}
