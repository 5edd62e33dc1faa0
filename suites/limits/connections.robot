*** Settings ***
Documentation       Limits on connections, of all clients and of one address. A connection without a request makes room
...                 for one with a request.

Resource            ../../resources/limits.resource
Library             keywords.client.raw_http.RawHttpLibrary

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
Connections without a request make room for one with a request
    [Tags]    req:WIRE-016
    Open Gateway With    server    connections=4
    ${held} =    Hold Slow Senders    8
    ${exchange} =    Send Chat
    Get Status    ${exchange}    ==    200
    Get Number Of Open Connections    ${held}    <=    3

An address gets no connection beyond its limit
    [Tags]    req:WIRE-017
    Open Gateway With    server    connections_per_address=4
    Hold Slow Senders    4
    ${exchange} =    Write Request    GET    /health    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    429
    Get Error Field    ${exchange}    code    ==    too_many_connections
