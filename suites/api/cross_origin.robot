*** Settings ***
Documentation       A page in a browser may ask the gateway from the origins that its operator has named, and from no
...                 others.

Resource            ../../resources/gateway.resource

Suite Setup         Open Gateway For A Page

Test Tags           kind:functional    needs:scripted-backend


*** Variables ***
${PAGE}     https://chat.example.org
${OTHER}    https://other.example.org


*** Test Cases ***
A browser's question before a request needs no key
    [Tags]    req:HEAD-011
    ${exchange} =    Send Preflight From    ${PAGE}
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    access-control-allow-origin    ==    ${PAGE}
    Get Header    ${exchange}    access-control-allow-headers    contains    authorization

A page of another origin is not let in
    [Tags]    req:HEAD-011    kind:security
    ${exchange} =    Send Preflight From    ${OTHER}
    Get Status    ${exchange}    >=    400
    Get Header    ${exchange}    access-control-allow-origin    ==    ${None}

A page can read why it was refused
    [Tags]    req:HEAD-012    kind:negative
    ${exchange} =    Send Payload    no_messages.json    headers=Origin: ${PAGE}
    Get Status    ${exchange}    ==    400
    Get Header    ${exchange}    access-control-allow-origin    ==    ${PAGE}
    Get Header    ${exchange}    access-control-expose-headers    ==    *

A page can read a stream
    [Tags]    req:HEAD-012
    ${exchange} =    Send Payload    plain_stream.json    headers=Origin: ${PAGE}
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    access-control-allow-origin    ==    ${PAGE}


*** Keywords ***
Open Gateway For A Page
    [Documentation]    A gateway that one page may ask.
    VAR    &{environment}    GATEWAY_SERVER__CORS_ORIGINS=["${PAGE}"]
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}    environment=${environment}
    Let Suite Speak To    ${gateway}    scripted

Send Preflight From
    [Documentation]    As a browser does, without a key, before a page's first chat request.
    [Arguments]    ${origin: str}
    ${exchange} =    Send Raw    OPTIONS    /v1/chat/completions    ${None}    Origin: ${origin}
    ...    Access-Control-Request-Method: POST    Access-Control-Request-Headers: authorization,content-type
    ...    api_key=${EMPTY}
    RETURN    ${exchange}
