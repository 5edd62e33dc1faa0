*** Settings ***
Documentation       Where the kinds of backends differ beyond chat: operations that some lack, and the errors of their
...                 refusals and broken streams.

Resource            ../../resources/gateway.resource
Library             keywords.client.broken_stream.BrokenStreamLibrary
Library             keywords.client.completions.CompletionsLibrary
Library             keywords.client.embeddings.EmbeddingsLibrary
Library             keywords.client.prompts.PromptsLibrary
Library             keywords.backend.request_bodies.RequestBodiesLibrary

Suite Setup         Open Gateway Before All Kinds
Test Setup          Script Answer Of Three Words

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
Ollama continues the bare prompt, cuts nothing, and stops where OpenAI would
    [Tags]    req:CMPL-005
    Ask For Completion    Once    model=ollama    max_tokens=${None}
    Get Request Field    ${BACKEND}    raw    ==    true
    Get Request Field    ${BACKEND}    truncate    ==    false
    Get Request Field    ${BACKEND}    shift    ==    false
    Get Request Field    ${BACKEND}    options    ==    {"num_predict": 16}

Ollama is sent one prompt at a time, and no ids of tokens
    [Tags]    req:CMPL-006    kind:negative
    [Template]    Ollama Refuses The Prompt
    \["Once", "upon"]
    \[1, 2]

Each of several prompts has choices of its own
    [Tags]    req:CMPL-003
    ${answer} =    Ask For Completion    Once    upon a    model=openai    n=2
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
    ${stream} =    Stream Completion    Once    upon    model=openai
    Get Number Of    finish reasons    ${stream.finish_reasons}    ==    1
    Get Stream Error Code    ${stream}    ==    backend_disconnected

Anthropic has no text completions and no embeddings, and the refusal says who has
    [Tags]    req:OPER-002    kind:negative
    [Template]    Anthropic's Model Is Refused At
    /v1/completions    {"model": "anthropic", "prompt": "Once"}
    /v1/embeddings    {"model": "anthropic", "input": "Once"}

Unknown fields of requests besides chat reach the backend untouched
    [Tags]    req:CHAT-005
    [Template]    Fields Arrive Untouched
    /v1/completions    "prompt": "Once", "guided_choice": ["a"]
    /v1/embeddings    "input": ["Once"], "input_type": "query"

What an assistant said without content goes back to the backend as it came
    [Tags]    req:CHAT-008
    [Template]    Assistant's Turn Arrives Untouched
    "content": null, "refusal": "No."
    "audio": {"id": "audio_1"}
    "content": null, "reasoning_content": "Hm."

A text of more than 2048 token ids is one text
    [Tags]    req:EMBD-006
    ${ids} =    Repeated Text    1    3000    separator=,${SPACE}
    Fields Arrive Untouched    /v1/embeddings    "input": [${ids}]


*** Keywords ***
Script Answer Of Three Words
    [Documentation]    The backend gives the same answer as every kind.
    Script Answer    ${BACKEND}    One${SPACE}    answer,${SPACE}    please.

Ollama Refuses The Prompt
    [Documentation]    With 400, without an attempt.
    [Arguments]    ${prompt: str}
    ${exchange} =    Send Raw    POST    /v1/completions    {"model": "ollama", "prompt": ${prompt}}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    prompt

Broken Stream Says So
    [Documentation]    In OpenAI's form, after the chunks before it.
    [Arguments]    ${kind: str}    ${fault: str}
    Script Answer Of Three Words
    Script Fault    ${BACKEND}    ${fault}    after=2
    ${stream} =    Stream Completion    Once    model=${kind}
    Get Text    ${stream}    ==    One answer,${SPACE}
    Stream Should Say That It Broke Off    ${stream}

Anthropic's Model Is Refused At
    [Documentation]    With the name of the model, of the endpoint, and of a model that has it.
    [Arguments]    ${path: str}    ${body: str}
    ${exchange} =    Send Raw    POST    ${path}    ${body}    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Error Should Be An OpenAI Error    ${exchange}
    Get Error Field    ${exchange}    param    ==    model
    Get Error Field    ${exchange}    code    ==    unsupported_endpoint
    Get Error Field    ${exchange}    message    contains    'anthropic'
    Get Error Field    ${exchange}    message    contains    ${path}
    Get Error Field    ${exchange}    message    contains    'openai'

Assistant's Turn Arrives Untouched
    [Documentation]    Within a conversation.
    [Arguments]    ${turn: str}
    Fields Arrive Untouched    /v1/chat/completions
    ...    "messages": [{"role": "assistant", ${turn}}, {"role": "user", "content": "Why?"}]

Fields Arrive Untouched
    [Documentation]    All fields but the model's name, which differs at the backend.
    [Arguments]    ${path: str}    ${fields: str}
    ${exchange} =    Send Raw    POST    ${path}    {"model": "openai", ${fields}}    Content-Type: application/json
    Get Status    ${exchange}    ==    200
    Get Request Body    ${BACKEND}    ==    {"model": "scripted", ${fields}}
