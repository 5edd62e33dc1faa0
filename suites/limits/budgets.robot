*** Settings ***
Documentation       A budget is charged with what its requests cost, also where no backend counts their tokens.

Resource            ../../resources/limits.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary
Library             keywords.client.prompts.PromptsLibrary

Suite Setup         Open Gateway With A Budget

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
The backend of a stream under a budget is asked for its count
    [Tags]    req:RATE-013
    Script Answer    ${BACKEND}
    ${stream} =    Stream Chat    Two words
    Get Request Field    ${BACKEND}    stream_options    ==    {"include_usage": true}
    ${entry} =    Get Log Entry    ${stream}    ${GATEWAY}
    Get Field    ${entry}    tokens_source    ==    backend

A client does not see a count that only its budget needs
    [Tags]    req:RATE-013
    Script Answer    ${BACKEND}
    ${stream} =    Stream Chat    Two words
    Get Field    ${stream}    usage    ==    null
    Stream Should Be Closed Properly    ${stream}

A budget is not overrun by another name of max_tokens
    [Tags]    req:RATE-014    kind:security
    Script Answer    ${BACKEND}
    ${answers} =    Send Chats    1    max_tokens=1    n_predict=100000
    Get Status    ${answers}[0]    ==    429
    Get Error Field    ${answers}[0]    code    ==    insufficient_quota

A long answer in one event costs what its text costs
    [Documentation]    500 words of eight characters.
    [Tags]    req:OBSV-017    kind:security
    ${text} =    Repeated Text    eight ch    500
    Script Answer    ${BACKEND}    ${text}
    Script Wire    ${BACKEND}    usage=False
    ${stream} =    Stream Chat    Two words
    ${entry} =    Get Log Entry    ${stream}    ${GATEWAY}
    Get Completion Tokens    ${entry}    ==    1000

A picture that the backend does not count costs a fixed number of tokens
    [Documentation]    One picture at `detail: low`, one at full detail, and three words.
    [Tags]    req:OBSV-018
    Script Answer    ${BACKEND}
    Script Wire    ${BACKEND}    usage=False
    ${exchange} =    Send Payload    fields_vision.json
    ${entry} =    Get Log Entry    ${exchange}    ${GATEWAY}
    Get Field    ${entry}    tokens_source    ==    estimate
    Get Field    ${entry}    prompt_tokens    ==    ${VISION_PROMPT_TOKENS}


*** Keywords ***
Open Gateway With A Budget
    [Documentation]    Start a gateway whose one key has a budget, and let all rows speak to it with that key.
    ${key} =    Make Key    alice    --budget-tokens    50000
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    Add To Gateway Config    ${config}    keys    file=${key.file}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${GATEWAY_API_KEY}    ${key.secret}    scope=SUITE
    VAR    ${BACKEND}    ${backend}    scope=SUITE
