*** Settings ***
Documentation       What only Anthropic has: a limit on every request, the system prompt beside the messages, and a
...                 status for overload that HTTP does not define.

Resource            ../../resources/gateway.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary

Test Setup          Open Gateway Before Anthropic

Test Tags           needs:scripted-backend


*** Test Cases ***
Anthropic gets the system message beside the others
    [Tags]    req:ANTH-001    kind:functional
    Ask    Hello.    system=Be brief.
    Get Request Field    ${BACKEND}    system    ==    Be brief.
    Get Request Field    ${BACKEND}    messages    ==    [{"role": "user", "content": "Hello."}]

Anthropic gets a limit where the request has none
    [Tags]    req:ANTH-001    kind:functional
    Ask    Hello.    max_tokens=${None}
    Get Request Field    ${BACKEND}    max_tokens    ==    4096

Anthropic's overload asks the client to wait
    [Tags]    req:ANTH-002    kind:negative
    Script Refusal    ${BACKEND}    529    headers=retry-after: 7
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    503
    Get Header    ${exchange}    retry-after    ==    7
    Get Error Field    ${exchange}    code    ==    backend_unavailable

Anthropic's stream that fails after an empty block gets a status
    [Tags]    req:RTRY-010    kind:reliability
    Script Answer    ${BACKEND}
    Script Fault    ${BACKEND}    error    after=0
    ${exchange} =    Send Payload    plain_stream.json
    Get Status    ${exchange}    ==    503

A strict client gets nothing dropped
    [Tags]    req:BACK-016    kind:negative
    ${exchange} =    Send Raw
    ...    POST
    ...    /v1/chat/completions
    ...    {"model": "scripted", "seed": 7, "messages": [{"role": "user", "content": "Hello."}]}
    ...    content-type: application/json
    ...    x-gateway-strict: true
    Request Is Refused For Seed    ${exchange}

A strict backend's clients get nothing dropped
    [Tags]    req:BACK-016    kind:negative
    ${config} =    Write Gateway Config    ${BACKEND}    anthropic    strict=True
    ${gateway} =    Start Gateway    config=${config}
    Speak To    ${gateway}    scripted
    ${exchange} =    Send Chat    seed=7
    Request Is Refused For Seed    ${exchange}


*** Keywords ***
Open Gateway Before Anthropic
    [Documentation]    A gateway before a backend that stands for Anthropic.
    ${backend} =    Start Scripted Backend
    Open Gateway Before    ${backend}    anthropic
    VAR    ${BACKEND}    ${backend}    scope=TEST

Request Is Refused For Seed
    [Documentation]    With the name of the parameter, and without an attempt.
    [Arguments]    ${exchange: object}
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    seed
    Get Error Field    ${exchange}    code    ==    unsupported_parameter
    Get Request Count    ${BACKEND}    ==    0
