*** Settings ***
Documentation       Whatever form of HTTP a client writes, it gets an answer or a refusal in time, and never a hanging
...                 connection or a server error.

Resource            ../../resources/gateway.resource
Library             keywords.client.raw_http.RawHttpLibrary

Test Tags           kind:functional


*** Test Cases ***
HEAD is answered at once and without a body
    [Tags]    req:WIRE-001
    [Template]    Head Has No Body
    /health
    /v1/models
    /v1/no-such-address

HEAD says what GET says
    [Tags]    req:HEAD-010    needs:gateway
    [Template]    Head Says What Get Says
    /health
    /health/live
    /health/ready
    /v1/models
    /v1/models/${MODEL}
    /metrics
    /openapi.json

The OpenAPI page names the refusals of other addresses
    [Tags]    req:HEAD-014    needs:gateway
    ${exchange} =    Send Raw    GET    /openapi.json
    Json Body Should Have Key    ${exchange}    paths    /health/ready    get    responses    503
    Json Body Should Have Key    ${exchange}    paths    /v1/models/{model}    get    responses    404

Unsuitable methods and addresses are refused at once
    [Tags]    req:WIRE-001    kind:negative
    [Template]    Request Is Refused At Once
    DELETE    /v1/models
    PUT    /v1/chat/completions
    GET    /v1/no-such-address
    GET    /no-such-address

A question about an address's methods is answered at once
    [Tags]    req:WIRE-001
    ${exchange} =    Write Request    OPTIONS    /v1/chat/completions    within=${HTTP_WITHIN}
    Get Status    ${exchange}    <    500

A body in chunks is read like any other
    [Tags]    req:WIRE-002
    ${exchange} =    Write Chat    form=chunked
    Get Status    ${exchange}    ==    200

A client that waits to be told to go on gets its answer
    [Documentation]    `curl` waits for `100 Continue` before it sends a large body.
    [Tags]    req:WIRE-002
    ${exchange} =    Write Chat    form=expect
    Get Status    ${exchange}    ==    200

A client of an older HTTP gets its answer
    [Tags]    req:WIRE-002
    ${exchange} =    Write Chat    form=http/1.0
    Get Status    ${exchange}    ==    200
    Header Should Not Come    ${exchange}    transfer-encoding

Headers are read in any case, and twice
    [Tags]    req:WIRE-002
    ${exchange} =    Write Chat    ACCEPT: text/html    accept: */*    type=CONTENT-TYPE: application/json
    Get Status    ${exchange}    ==    200

A compressed body is read or refused
    [Tags]    req:WIRE-002    kind:negative
    ${body} =    Chat Body
    ${packed} =    Compressed    ${body}
    ${exchange} =    Write Request    POST    /v1/chat/completions    ${packed}    Content-Type: application/json
    ...    Content-Encoding: gzip    within=${HTTP_WITHIN}
    Get Status    ${exchange}    <    500


*** Keywords ***
Head Has No Body
    [Documentation]    One line of the table: an address, known or not.
    [Arguments]    ${path: str}
    ${exchange} =    Write Request    HEAD    ${path}    within=${HTTP_WITHIN}
    Get Status    ${exchange}    <    500
    Get Body    ${exchange}    ==    ${EMPTY}

Head Says What Get Says
    [Documentation]    One line of the table: the status and the content type of GET, without a body.
    [Arguments]    ${path: str}
    ${expected} =    Send Raw    GET    ${path}
    ${type} =    Get Header    ${expected}    content-type    !=    ${None}
    ${exchange} =    Send Raw    HEAD    ${path}
    Get Status    ${exchange}    ==    ${expected.status}
    Get Header    ${exchange}    content-type    ==    ${type}
    Get Body    ${exchange}    ==    ${EMPTY}

Request Is Refused At Once
    [Documentation]    One line of the table: the method, and an address that does not take it.
    [Arguments]    ${method: str}    ${path: str}
    ${exchange} =    Write Request    ${method}    ${path}    within=${HTTP_WITHIN}
    Get Status    ${exchange}    >=    400
    Get Status    ${exchange}    <    500

Write Chat
    [Documentation]    Write a chat request in a form, with further headers.
    [Arguments]    @{headers: str}    ${form: str}=plain    ${type: str}=Content-Type: application/json
    ${body} =    Chat Body
    ${exchange} =    Write Request    POST    /v1/chat/completions    ${body}    ${type}    @{headers}
    ...    form=${form}    within=${HTTP_WITHIN}
    RETURN    ${exchange}
