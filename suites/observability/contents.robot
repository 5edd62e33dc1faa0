*** Settings ***
Documentation       Prompts and answers are logged only where the operator asked for that. A gateway without tracing
...                 passes its client's trace on.

Resource            ../../resources/gateway.resource
Library             keywords.security.canaries.CanariesLibrary
Library             keywords.gateway.tracing.TracingLibrary

Suite Setup         Open Gateway That Logs Contents

Test Tags           needs:scripted-backend


*** Test Cases ***
A prompt and its answer are in the log that was asked for them
    [Tags]    req:OBSV-014    kind:functional
    @{words} =    New Canaries    2
    Script Answer    ${BACKEND}    ${words}[1]    .
    Stream Chat    ${words}[0]
    Gateway Should Log    ${words}[0]    gateway=${GATEWAY}
    Gateway Should Log    ${words}[1]    gateway=${GATEWAY}

A key and a header are not in the log that was asked for contents
    [Tags]    req:OBSV-014    kind:security
    @{words} =    New Canaries    2
    Send Payload    plain.json    headers=x-secret: ${words}[0]
    ${refused} =    Send Payload    plain.json    api_key=${words}[1]
    ${id} =    Get Header    ${refused}    x-request-id
    Gateway Should Log    ${id}    gateway=${GATEWAY}
    Gateway Log Should Not Contain    ${words}[0]    ${GATEWAY}
    Gateway Log Should Not Contain    ${words}[1]    ${GATEWAY}
    Gateway Log Should Not Contain    ${GATEWAY_API_KEY}    ${GATEWAY}

A backend is told the trace that the client began
    [Tags]    req:OBSV-015    kind:functional
    ${parent} =    New Trace Parent
    Send Payload    plain.json    headers=traceparent: ${parent}
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [-1].headers[traceparent]    ==    ${parent}


*** Keywords ***
Open Gateway That Logs Contents
    [Documentation]    One gateway before a scripted backend, without tracing.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    Add To Gateway Config    ${config}    log    contents=true
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE
