*** Settings ***
Documentation       Connections are kept or their end is announced, and what one client does on its connection harms no
...                 other client.

Resource            ../../resources/gateway.resource
Library             keywords.client.raw_http.RawHttpLibrary
Library             keywords.measure.latency.LatencyLibrary

Test Tags           kind:reliability


*** Test Cases ***
Requests one after the other are answered on one connection
    [Tags]    req:WIRE-003    kind:functional
    ${exchanges} =    Write Requests    /v1/models    /v1/models    /v1/models    within=${HTTP_WITHIN}
    Connection Should Be Kept Or Its End Announced    @{exchanges}

Requests that are written together are answered in their order
    [Tags]    req:WIRE-003    kind:functional
    ${exchanges} =    Write Requests    /v1/models    /v1/no-such-address    together=True    within=${HTTP_WITHIN}
    Connection Should Be Kept Or Its End Announced    @{exchanges}
    Get Status    ${exchanges}[0]    ==    200

A request of a megabyte is answered or refused
    [Documentation]    The model does not exist, so that no server with a long context works for it.
    [Tags]    req:WIRE-004    kind:negative
    ${prompt} =    Text Of Words    ${LARGE_PROMPT_WORDS}
    ${body} =    Chat Body    ${prompt}    model=no-such-model
    ${exchange} =    Write Request    POST    /v1/chat/completions    ${body}    Content-Type: application/json
    ...    within=${LARGE_ANSWER_WITHIN}
    Get Status    ${exchange}    <    500

A client that takes no compression gets plain text
    [Tags]    req:WIRE-005    kind:functional
    ${exchange} =    Write Request    GET    /v1/models    ${EMPTY}    Accept-Encoding: identity
    Get Status    ${exchange}    ==    200
    Header Should Not Come    ${exchange}    content-encoding
    Json Body Should Have Key    ${exchange}    data

A client that takes compression can read its answer
    [Tags]    req:WIRE-005    kind:functional
    ${exchange} =    Write Request    GET    /v1/models    ${EMPTY}    Accept-Encoding: gzip
    Get Status    ${exchange}    ==    200
    Answer Should Be Readable As Declared    ${exchange}

Clients that send slowly delay nobody
    [Tags]    req:WIRE-006
    Hold Slow Senders    8
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    200
    Get Answer Time    ${exchange}    <    ${NEIGHBOUR_WITHIN_S}

Clients that leave a stream delay nobody
    [Tags]    req:WIRE-006
    Leave Streams    4
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    200
    Get Answer Time    ${exchange}    <    ${NEIGHBOUR_WITHIN_S}


*** Keywords ***
Leave Streams
    [Documentation]    As many clients as that ask for a long stream and leave at its beginning. A server
    ...    that keeps back the whole stream fails the row about that.
    [Arguments]    ${count: int}
    Repeat Keyword    ${count} times    Stream And Leave    Tell me a long story.    max_tokens=${200}
