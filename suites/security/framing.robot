*** Settings ***
Documentation       A request has one meaning for the gateway and for every proxy before it, and its client reads why it
...                 is refused.

Resource            ../../resources/gateway.resource
Library             keywords.client.raw_http.RawHttpLibrary
Library             keywords.client.raw_lines.RawLinesLibrary

Test Tags           kind:security    needs:gateway


*** Variables ***
@{CHAT_HEAD}    POST /v1/chat/completions HTTP/1.1    Host: qa    Content-Type: application/json
...             Authorization: Bearer {key}


*** Test Cases ***
A key in a trailer opens nothing
    [Tags]    req:KEYS-008    needs:api-key
    ${exchange} =    Write Lines    GET /v1/models HTTP/1.1    Host: qa    Transfer-Encoding: chunked    ${EMPTY}
    ...    0    Authorization: Bearer {key}    ${EMPTY}    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    401

A request with two keys is refused
    [Tags]    req:KEYS-009    needs:api-key
    ${exchange} =    Write Lines    GET /v1/models HTTP/1.1    Host: qa    Authorization: Bearer qa-not-the-key
    ...    Authorization: Bearer {key}    ${EMPTY}    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    400

A request that names no host is refused
    [Tags]    req:WIRE-009
    ${exchange} =    Write Lines    GET /health HTTP/1.1    ${EMPTY}    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    400

A request that names two hosts is refused
    [Tags]    req:WIRE-009
    ${exchange} =    Write Lines    GET /health HTTP/1.1    Host: one    Host: two    ${EMPTY}
    ...    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    400

A coding of the body that is not understood is refused
    [Tags]    req:WIRE-010
    ${exchange} =    Write Lines    @{CHAT_HEAD}    Transfer-Encoding: gzip, chunked    ${EMPTY}
    ...    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    501

An offer of HTTP/2 in two parts takes nothing of the body
    [Tags]    req:WIRE-011    kind:functional
    ${body} =    Chat Body    model=no-such-model
    ${exchange} =    Write Lines
    ...    @{CHAT_HEAD}
    ...    Connection: Upgrade
    ...    Upgrade: h2c
    ...    Content-Length: {length}
    ...    ${EMPTY}
    ...    ${body}
    ...    cut_in=Upgrade: h2c
    ...    within=${HTTP_WITHIN}
    Get Error Field    ${exchange}    code    ==    model_not_found

A request before junk gets its own answer
    [Tags]    req:WIRE-012    kind:reliability
    ${exchange} =    Write Lines    GET /health HTTP/1.1    Host: qa    ${EMPTY}    no HTTP    ${EMPTY}
    ...    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    200

A head is bounded in one write too
    [Tags]    req:WIRE-013
    ${long} =    Text Of Words    ${OVERLONG_HEAD_WORDS}
    ${exchange} =    Write Lines    GET /health HTTP/1.1    Host: qa    X-Long: ${long}    ${EMPTY}
    ...    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    431

A client that sends all of its body before it reads learns that it is too large
    [Tags]    req:WIRE-014    kind:negative
    ${body} =    Body Of Bytes    ${BODY_BEYOND_LIMIT_BYTES}
    ${exchange} =    Write Lines
    ...    @{CHAT_HEAD}
    ...    Connection: close    Content-Length: {length}
    ...    ${EMPTY}
    ...    ${body}
    ...    within=${HTTP_WITHIN}
    Get Status    ${exchange}    ==    413

The rest of an unwanted body keeps no connection
    [Documentation]    The body is too long to wait for, so the answer announces the end of the connection.
    [Tags]    req:WIRE-015    kind:reliability
    ${exchange} =    Write Lines    POST /health HTTP/1.1    Host: qa    Content-Length: ${BODY_BEYOND_LIMIT_BYTES}
    ...    ${EMPTY}    within=${HTTP_WITHIN}
    Get Header    ${exchange}    connection    ==    close
