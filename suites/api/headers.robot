*** Settings ***
Documentation       Every answer can be traced: it carries the id of its request and names its backend.

Resource            ../../resources/gateway.resource

Test Tags           kind:functional    needs:gateway


*** Test Cases ***
The client's request id comes back
    [Tags]    req:HEAD-001    smoke
    ${exchange} =    Send Payload    plain.json    headers=x-request-id: ticket-QA.17
    Get Header    ${exchange}    x-request-id    ==    ticket-QA.17

Requests without an id are given ids of their own
    [Tags]    req:HEAD-001
    ${first} =    Send Payload    plain.json
    ${second} =    Send Payload    plain.json
    ${id} =    Get Header    ${first}    x-request-id    matches    ^[\\w.:-]{8,128}$
    Get Header    ${second}    x-request-id    !=    ${id}

A request id that could forge a line of the log is replaced
    [Tags]    req:HEAD-002    kind:security
    ${exchange} =    Send Payload    plain.json    headers=x-request-id: "} {"forged": "line
    Get Header    ${exchange}    x-request-id    matches    ^[\\w.:-]{8,128}$

An answer names the model and the backend behind it
    [Tags]    req:HEAD-003    smoke
    ${answer} =    Ask    Hello.    max_tokens=1
    Get Header    ${answer}    x-gateway-model    ==    ${MODEL}
    Get Header    ${answer}    x-gateway-backend    matches    ^[\\w.-]+$

No page of another origin may ask by default
    [Tags]    req:HEAD-013    kind:security
    ${exchange} =    Send Payload    plain.json    headers=Origin: https://chat.example.org
    Get Header    ${exchange}    access-control-allow-origin    ==    ${None}

A refusal carries its request id too
    [Tags]    req:HEAD-001    kind:negative
    ${exchange} =    Send Payload    no_messages.json    headers=x-request-id: ticket-QA.18
    Get Status    ${exchange}    ==    400
    Get Header    ${exchange}    x-request-id    ==    ticket-QA.18
