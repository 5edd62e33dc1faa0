*** Settings ***
Documentation       Unique words are planted where secrets are; nothing that the gateway writes or sends holds one.

Resource            ../../resources/observability.resource
Library             keywords.canaries.CanariesLibrary

Suite Teardown      Close Observed Gateways
Test Setup          Open Observed Gateway
Test Teardown       NONE

Test Tags           req:OBSV-012    kind:security    needs:scripted-backend


*** Test Cases ***
No account of the gateway holds a key, a prompt, an answer or a header
    @{words} =    New Canaries    5
    Send Them Where All Goes Well    @{words}
    Send Them Where Something Fails    @{words}
    ${answer} =    Ask    Is all written?
    Get Ledger Entry    ${LEDGER}    ${answer}
    Get Spans Of Request    ${RECEIVER}    ${answer}
    ${id} =    Get Header    ${answer}    x-request-id
    VAR    @{secrets}    @{words}    ${GATEWAY_API_KEY}
    Sinks Should Not Hold    ${secrets}    ${GATEWAY.log}    ${LEDGER}    receiver=${RECEIVER}    known=${id}

No evidence of a run so far holds the gateway's key
    Ask    Hello.
    Files Should Not Hold    ${GATEWAY_API_KEY}    ${{ pathlib.Path($OUTPUT_DIR) }}


*** Keywords ***
Send Them Where All Goes Well
    [Documentation]    Each word at its place, in plain and streamed requests that are answered.
    [Arguments]    ${prompt: str}    ${said: str}    ${key: str}    ${header: str}    ${field: str}
    Script Answer    ${BACKEND}    ${said}    .
    Send Chat    ${prompt}    metadata=${{ {'x': $field} }}
    Stream Chat    ${prompt}
    Send Payload    plain.json    headers=${{ {'x-secret': $header, 'cookie': $header} }}
    Send Raw    GET    /v1/models?key=${key}

Send Them Where Something Fails
    [Documentation]    Each word at its place, in requests that are refused, or that fail at the backend.
    [Arguments]    ${prompt: str}    ${said: str}    ${key: str}    ${header: str}    ${field: str}
    Send Payload    plain.json    headers=${{ {'x-secret': $header} }}    api_key=${key}
    Send Chat    ${prompt}    temperature=9
    Send Raw    POST    /v1/chat/completions    {"${field}": "${prompt}    Content-Type: application/json
    Script Refusal    ${BACKEND}    400    {"error": {"message": "You said: ${prompt}"}}
    Send Chat    ${prompt}
    Script Answer    ${BACKEND}    ${said}    ${said}    .
    Script Fault    ${BACKEND}    cut    after=1
    Stream Chat    ${prompt}
    Script Answer    ${BACKEND}
