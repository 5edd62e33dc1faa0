*** Settings ***
Documentation       What only Azure OpenAI has: its addresses, and its header for the time to wait.

Resource            ../../resources/gateway.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary

Test Setup          Open Scripted Backend

Test Tags           needs:scripted-backend


*** Test Cases ***
Azure's v1 address is asked for the deployment as model
    [Tags]    req:AZUR-001    kind:functional
    Open Gateway Before    ${BACKEND}    azure
    Ask    Hello.
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [0].path    ==    /openai/v1/chat/completions
    Get Request Field    ${BACKEND}    model    ==    deployed

A deployment of Azure is asked at its own address
    [Tags]    req:AZUR-001    kind:functional
    Open Gateway Before    ${BACKEND}    azure-deployment
    Ask    Hello.
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [0].path    ==    /openai/deployments/deployed/chat/completions?api-version=2024-10-21

Azure's milliseconds to wait are understood
    [Tags]    req:AZUR-002    kind:negative
    Open Gateway Before    ${BACKEND}    azure
    Script Refusal    ${BACKEND}    429    retry_after=1500 ms    retry_after_form=milliseconds
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    429
    Get Header    ${exchange}    retry-after-ms    ==    1500
    Get Header    ${exchange}    retry-after    ==    2


*** Keywords ***
Open Scripted Backend
    [Documentation]    A backend with one deployment.
    ${backend} =    Start Scripted Backend    deployed
    VAR    ${BACKEND}    ${backend}    scope=TEST
