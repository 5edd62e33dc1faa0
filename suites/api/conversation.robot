*** Settings ***
Documentation       The whole conversation reaches the model. The model's own count of tokens shows it: the same words
...                 add the same number of tokens wherever they stand.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Test Template       Answer Should Show

Test Tags           kind:functional


*** Test Cases ***    WHAT REACHES THE MODEL
The system message reaches the model
    [Tags]    req:FLDS-005    smoke
    a system message
Each turn of a conversation reaches the model
    [Tags]    req:FLDS-006
    each turn
The question in the last turn is answered
    [Tags]    req:FLDS-007
    the last question
A long prompt reaches the model to its end
    [Tags]    req:FLDS-008
    a long prompt
Content as a list of text parts reaches the model
    [Tags]    req:FLDS-009
    text parts
Characters beyond ASCII reach the model
    [Tags]    req:FLDS-010
    foreign characters
Characters and their JSON escapes are the same prompt
    [Tags]    req:FLDS-010
    escaped characters
Composed characters reach the model composed
    [Tags]    req:FLDS-010
    composed characters
White space within a prompt reaches the model
    [Tags]    req:FLDS-010
    white space
Control characters within a prompt reach the model
    [Tags]    req:FLDS-010
    control characters
