*** Settings ***
Documentation       A request without a key gets no answer, and the gateway reveals no key.

Resource            ../../resources/gateway.resource
Library             keywords.client.messages.MessagesLibrary

Test Tags           kind:security    needs:api-key


*** Test Cases ***
The list of models is behind the key as well
    [Tags]    req:KEYS-001
    ${exchange} =    Send Raw    GET    /v1/models    api_key=${EMPTY}
    Get Status    ${exchange}    ==    401

A key in Anthropic's header is taken
    [Tags]    req:MSGS-006    needs:gateway
    ${exchange} =    Send Message    max_tokens=1    key_in=x-api-key
    Get Status    ${exchange}    ==    200

A refusal does not repeat the key that it refuses
    [Tags]    req:KEYS-002
    ${exchange} =    Send Payload    plain.json    api_key=qa-not-the-key
    Get Status    ${exchange}    ==    401
    Get Body    ${exchange}    not contains    not-the-key

A gateway without keys says that it is open
    [Tags]    req:KEYS-004    needs:scripted-backend
    VAR    &{no_keys}    GATEWAY_API_KEYS=${EMPTY}
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}    environment=${no_keys}
    ${lines} =    Get Gateway Log Lines    open_to_everyone    ${gateway}
    Get Number Of    log lines about it    ${lines}    ==    1
    Get Field    ${lines}    [0]    contains    GATEWAY_API_KEYS

A backend's key with a line end is refused before the start, by its variable's name
    [Tags]    req:SECU-006    needs:own-gateway
    VAR    &{environment}    QA_BACKEND_KEY=sk-canary\n
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/keyed_backend.toml
    ...    environment=${environment}
    Get Exit Code    ${check}    ==    1
    Get Output    ${check}    stderr    contains    QA_BACKEND_KEY
    Get Output    ${check}    stderr    contains    line end
    Get Output    ${check}    stderr    not contains    sk-canary

The gateway's log holds no key
    [Tags]    req:KEYS-003    needs:own-gateway
    ${answered} =    Ask    Hello.    max_tokens=1
    ${refused} =    Send Payload    plain.json    api_key=qa-not-the-key
    Get Log Entry    ${answered}
    Get Log Entry    ${refused}
    Gateway Log Should Not Contain    ${GATEWAY_API_KEY}
    Gateway Log Should Not Contain    qa-not-the-key
