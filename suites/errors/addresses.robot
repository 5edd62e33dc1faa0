*** Settings ***
Documentation       A wrong address, method or size is refused in the same shape as a wrong field.

Resource            ../../resources/gateway.resource

Test Tags           kind:negative


*** Test Cases ***
An address that does not exist is not found
    [Tags]    req:ERRA-001    smoke
    ${exchange} =    Send Raw    POST    /v1/chat/completion
    Get Status    ${exchange}    ==    404
    Get Error Field    ${exchange}    code    ==    unknown_url

What the gateway does not offer of OpenAI's API is not found
    [Tags]    req:OPER-004    needs:gateway
    [Template]    Address Is Not Found
    /v1/responses
    /v1/audio/speech
    /v1/images/generations
    /v1/moderations
    /v1/files
    /v1/batches
    /v1/fine_tuning/jobs
    /v1/assistants
    /v1/vector_stores
    /v1/realtime/client_secrets

A wrong method is refused with the right one
    [Tags]    req:ERRA-002
    ${exchange} =    Send Raw    GET    /v1/chat/completions
    Get Status    ${exchange}    ==    405
    Get Header    ${exchange}    allow    contains    POST
    Error Should Be An OpenAI Error    ${exchange}

A wrong method on a probe is refused as well
    [Tags]    req:ERRA-002    needs:gateway
    ${response} =    DELETE    ${GATEWAY_URL}/health    expected_status=405
    Get Body Field    ${response}    error.type    ==    invalid_request_error

A body beyond the size limit is refused
    [Tags]    req:ERRA-003    needs:gateway
    ${body} =    Body Of Bytes    ${BODY_BEYOND_LIMIT_BYTES}
    ${exchange} =    Send Raw    POST    /v1/chat/completions    ${body}    Content-Type: application/json
    Get Status    ${exchange}    ==    413
    Error Should Be An OpenAI Error    ${exchange}


*** Keywords ***
Address Is Not Found
    [Documentation]    With an OpenAI error, so that its package raises NotFoundError.
    [Arguments]    ${path: str}
    ${exchange} =    Send Raw    POST    ${path}    {}    Content-Type: application/json
    Get Status    ${exchange}    ==    404
    Error Should Be An OpenAI Error    ${exchange}
    Get Error Field    ${exchange}    code    ==    unknown_url
