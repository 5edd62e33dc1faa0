*** Settings ***
Documentation       Text completions continue a prompt: OpenAI's older API, which evaluations and code tools still use.

Resource            ../../resources/gateway.resource
Library             keywords.client.completions.CompletionsLibrary
Library             keywords.client.context.ContextLibrary
Library             keywords.client.sdk.openai.OpenAISdkLibrary
Library             keywords.client.sdk.openai_text.OpenAISdkTextLibrary

Test Tags           kind:functional


*** Test Cases ***
A prompt gets a complete text completion
    [Tags]    req:CMPL-001
    ${answer} =    Ask For Completion    Once upon a time    temperature=0    max_tokens=4
    Answer Should Be A Complete Text Completion    ${answer}
    Get Finish Reason    ${answer}    ==    length
    Get Usage    ${answer}    completion_tokens    ==    4

A stream of a text completion says what the whole one says, and ends properly
    [Tags]    req:CMPL-002
    ${answer} =    Ask For Completion    Once upon a time    temperature=0    max_tokens=4
    ${stream} =    Stream Completion    Once upon a time    temperature=0    max_tokens=4    include_usage=True
    Text Stream Should Be Closed Properly    ${stream}
    Get Text    ${stream}    ==    ${answer.text}
    Get Usage    ${stream}    completion_tokens    ==    4

Each of several prompts has choices of its own, and all of them are counted
    [Tags]    req:CMPL-003    needs:embedded-model
    ${answer} =    Ask For Completion    Once upon    The sky    max_tokens=2    n=2
    Answer Should Be A Complete Text Completion    ${answer}    choices=4
    Get Usage    ${answer}    prompt_tokens    ==    4
    Get Usage    ${answer}    completion_tokens    ==    8

Each of several prompts has choices of its own in a stream, and all of them are counted
    [Tags]    req:CMPL-003    needs:embedded-model
    ${stream} =    Stream Completion    Once upon    The sky    max_tokens=2    n=2    include_usage=True
    Text Stream Should Be Closed Properly    ${stream}    choices=4
    Get Usage    ${stream}    prompt_tokens    ==    4
    Get Usage    ${stream}    completion_tokens    ==    8

A prompt may be the ids of its tokens
    [Tags]    req:CMPL-003    needs:embedded-model
    ${answer} =    Ask For Completion    extra={"prompt": [[1, 2, 3], [4]]}    max_tokens=1
    Answer Should Be A Complete Text Completion    ${answer}    choices=2
    Get Usage    ${answer}    prompt_tokens    ==    4

Log probabilities have the shape of text completions
    [Tags]    req:CMPL-004    needs:embedded-model
    ${answer} =    Ask For Completion    Once upon a time    max_tokens=3    logprobs=2
    Get Tokens Of Text    ${answer}    ==    ${answer.text}

A text completion without a limit has the limit of OpenAI
    [Tags]    req:CMPL-005    needs:embedded-model
    ${answer} =    Ask For Completion    Once upon a time    temperature=0    max_tokens=${None}
    Get Usage    ${answer}    completion_tokens    ==    16

What the embedded model's server would ignore is refused
    [Tags]    req:CMPL-006    kind:negative    needs:embedded-model
    ${exchange} =    Send Raw    POST    /v1/completions    {"model": "${MODEL}", "prompt": "a", "echo": true}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    echo

A prompt that is too long is refused as the prompt
    [Tags]    req:CMPL-007    kind:negative    needs:embedded-model
    ${text} =    Prompt Of Words    ${WORDS_BEYOND_CONTEXT}
    ${exchange} =    Send Raw    POST    /v1/completions
    ...    {"model": "${MODEL}", "prompt": "${text}", "max_tokens": 1}
    ...    Content-Type: application/json
    Get Error Field    ${exchange}    code    ==    context_length_exceeded
    Get Error Field    ${exchange}    param    ==    prompt

The openai package completes text
    [Tags]    req:SDKC-007
    ${answer} =    OpenAI Complete    Once upon a time    temperature=0    max_tokens=4
    ${stream} =    OpenAI Stream Completion    Once upon a time    temperature=0    max_tokens=4
    Get OpenAI Text    ${answer}    !=    ${EMPTY}
    Get OpenAI Text    ${stream}    ==    ${answer.text}
    ${tokens} =    Get OpenAI Usage    ${answer}    total_tokens
    Get OpenAI Usage    ${stream}    total_tokens    ==    ${tokens}
