*** Settings ***
Documentation       Tools, their choice and their results reach any model that can call tools; a server whose model
...                 cannot says so.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Test Template       Answer Should Show

Test Tags           kind:functional


*** Test Cases ***    WHAT REACHES THE MODEL
Offered tools reach the model
    [Tags]    req:FLDS-001    smoke
    tools
The function that a request names is called
    [Tags]    req:FLDS-001
    a forced tool
The function that a request names is called in a stream
    [Tags]    req:FLDS-001
    a forced tool in a stream
No tool is called if the request forbids it
    [Tags]    req:FLDS-001
    no tool
A tool's result reaches the model
    [Tags]    req:FLDS-002
    a tool's result
A function that a backend calls is called through the gateway
    [Tags]    req:FLDS-001    needs:scripted-backend
    [Setup]    Open Gateway Before A Backend That Calls The Function
    a forced tool


*** Keywords ***
Open Gateway Before A Backend That Calls The Function
    [Documentation]    The control: what the rows above ask for can be given.
    ${backend} =    Start Scripted Backend
    Script Tool Call    ${backend}    get_time    {"city": "Oslo"}
    Open Gateway Before    ${backend}
