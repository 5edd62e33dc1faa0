*** Settings ***
Documentation       Canaries in the place of secrets: nothing that the gateway writes or sends contains one.

Resource            ../../resources/observability.resource
Library             keywords.security.canaries.CanariesLibrary

Suite Setup         Start Observed Gateway With A Key For Its Backend
Test Setup          Open Observed Gateway

Test Tags           req:OBSV-012    kind:security    needs:scripted-backend


*** Test Cases ***
No account of the gateway holds a key, a prompt, an answer or a header
    @{words} =    New Canaries    5
    Send Them Where All Goes Well    @{words}
    Send Them Where Something Fails    @{words}
    ${answer} =    Ask    Is all written?
    Get Ledger Entry    ${LEDGER}    ${answer}
    Get Log Entry    ${answer}    ${GATEWAY}
    Get Spans Of Request    ${RECEIVER}    ${answer}
    ${id} =    Get Header    ${answer}    x-request-id
    VAR    @{secrets}    @{words}    ${GATEWAY_API_KEY}    ${BACKEND_KEY}
    Sinks Should Not Contain    ${secrets}    ${GATEWAY.log}    ${LEDGER}    receiver=${RECEIVER}    known=${id}

A backend that repeats the gateway's key does not tell it to the client
    Script Refusal    ${BACKEND}    500    {"error": {"message": "Not with ${BACKEND_KEY}."}}
    ${exchange} =    Send Payload    plain.json
    Get Body    ${exchange}    contains    Not with <key>.
    Get Body    ${exchange}    not contains    ${BACKEND_KEY}

A backend that repeats the gateway's key in an error's code does not tell it to the client or the metrics
    [Tags]    req:SECU-004
    Script Refusal    ${BACKEND}    400    {"error": {"message": "no", "code": "${BACKEND_KEY}"}}
    ${exchange} =    Send Payload    plain.json
    ${metrics} =    Send Raw    GET    /metrics
    Get Error Field    ${exchange}    code    ==    <key>
    Get Body    ${metrics}    not contains    ${BACKEND_KEY}

A backend that repeats a part of the gateway's key does not tell it to the client
    [Tags]    req:SECU-005
    Script Refusal    ${BACKEND}    500    {"error": {"message": "Not with ${BACKEND_KEY}[:16]."}}
    ${exchange} =    Send Payload    plain.json
    Get Body    ${exchange}    contains    Not with <key>.

No evidence of a run so far holds the gateway's key
    Ask    Hello.
    Files Should Not Contain    ${GATEWAY_API_KEY}    ${OUTPUT_DIR}


*** Keywords ***
Start Observed Gateway With A Key For Its Backend
    [Documentation]    The backend's key comes from the environment; the gateway retries once.
    @{keys} =    New Canaries    1
    VAR    ${BACKEND_KEY}    ${keys}[0]    scope=SUITE
    Start Observed Gateway
    ...    QA_BACKEND_KEY=${BACKEND_KEY}
    ...    GATEWAY_BACKENDS__SCRIPTED__API_KEY_ENV=QA_BACKEND_KEY
    ...    GATEWAY_RETRIES__ATTEMPTS=2

Send Them Where All Goes Well
    [Documentation]    One word in each place, in plain and streamed requests that are answered.
    [Arguments]    ${prompt: str}    ${said: str}    ${key: str}    ${header: str}    ${field: str}
    Script Answer    ${BACKEND}    ${said}    .
    Send Chat    ${prompt}    metadata={"x": "${field}"}
    Stream Chat    ${prompt}
    Send Payload    plain.json    headers=x-secret: ${header}\ncookie: ${header}
    Send Raw    GET    /v1/models?key=${key}
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [-1].headers[authorization]    ==    Bearer ${BACKEND_KEY}

Send Them Where Something Fails
    [Documentation]    One word in each place, in requests that are refused, or that fail at the backend.
    [Arguments]    ${prompt: str}    ${said: str}    ${key: str}    ${header: str}    ${field: str}
    Send Payload    plain.json    headers=x-secret: ${header}    api_key=${key}
    Send Chat    ${prompt}    temperature=9
    Send Raw    POST    /v1/chat/completions    {"${field}": "${prompt}    Content-Type: application/json
    Send To Backend That Refuses In Every Way    ${prompt}    {"error": {"message": "Not with ${key}: ${prompt}"}}
    Script Answer    ${BACKEND}    ${said}    ${said}    .
    Script Fault    ${BACKEND}    cut    after=1
    Stream Chat    ${prompt}
    Script Answer    ${BACKEND}

Send To Backend That Refuses In Every Way
    [Documentation]    One request for each kind of failure that the gateway distinguishes.
    [Arguments]    ${prompt: str}    ${body: str}
    Send To Backend That Refuses    ${prompt}    400    ${body}
    Send To Backend That Refuses    ${prompt}    401    ${body}
    Send To Backend That Refuses    ${prompt}    500    ${body}
    Send To Backend That Refuses    ${prompt}    429    ${body}

Send To Backend That Refuses
    [Documentation]    A request that fails at the backend, whose error quotes the request.
    [Arguments]    ${prompt: str}    ${status: int}    ${body: str}
    Script Refusal    ${BACKEND}    ${status}    ${body}
    Send Chat    ${prompt}
