*** Settings ***
Documentation       What only NVIDIA NIM has: its health answer, and its extensions of OpenAI's format.

Resource            ../../resources/gateway.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary

Test Setup          Open Gateway Before NIM

Test Tags           needs:scripted-backend


*** Test Cases ***
NIM is not ready while its health answer says so
    [Tags]    req:NIMB-001    kind:negative
    ${unhealthy} =    Script Refusal    ${BACKEND}    200    {"status": "unhealthy"}
    Script Sequence    ${BACKEND}    ${unhealthy}    path=/v1/health/ready
    ${exchange} =    Send Raw    GET    /health/ready
    Get Status    ${exchange}    ==    503

NIM's extensions pass untouched
    [Tags]    req:NIMB-002    kind:functional
    Ask    Hello.    extra={"nvext": {"guided_choice": ["yes", "no"], "top_k": 5}, "min_p": 0.1}
    Get Request Field    ${BACKEND}    nvext    ==    {"guided_choice": ["yes", "no"], "top_k": 5}
    Get Request Field    ${BACKEND}    min_p    ==    0.1


*** Keywords ***
Open Gateway Before NIM
    [Documentation]    A gateway before a backend that stands for a NIM container.
    ${backend} =    Start Scripted Backend
    Open Gateway Before    ${backend}    nim
    VAR    ${BACKEND}    ${backend}    scope=TEST
