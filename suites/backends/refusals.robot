*** Settings ***
Documentation       A backend's refusal reaches the client with the meaning it has for the client: wait, or tell the
...                 operator. Each backend asks for a wait of 7 seconds; that reaches the client only where waiting
...                 helps. Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource

Test Template       Refusal Of A Backend Reaches The Client

Test Tags           kind:negative    needs:scripted-backend


*** Test Cases ***    BACKEND'S STATUS    CLIENT'S STATUS    TYPE    CODE    RETRY-AFTER
A backend that is asked too often asks the client to wait
    [Tags]    req:BACK-006
    429    429    rate_limit_error    rate_limit_exceeded    7
A backend that is away for a moment asks the client to wait
    [Tags]    req:BACK-006
    503    503    server_error    backend_unavailable    7
A backend that fails is not the client's fault
    [Tags]    req:BACK-007
    500    502    server_error    backend_error    ${None}
A backend that refuses the gateway's key is not the client's fault
    [Tags]    req:BACK-007
    401    502    server_error    backend_refused    ${None}


*** Keywords ***
Refusal Of A Backend Reaches The Client
    [Documentation]    One line of the table: the backend's status, and the client's status, type, code and time to
    ...    wait.
    [Arguments]    ${backend_status: int}    ${status: int}    ${type: str}    ${code: str}
    ...    ${retry_after: str | None}
    ${backend} =    Start Scripted Backend
    Script Refusal    ${backend}    ${backend_status}    headers=retry-after: 7
    Open Gateway Before    ${backend}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    ${status}
    Error Should Be An OpenAI Error    ${exchange}
    Get Error Field    ${exchange}    type    ==    ${type}
    Get Error Field    ${exchange}    code    ==    ${code}
    Get Header    ${exchange}    retry-after    ==    ${retry_after}
