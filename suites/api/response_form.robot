*** Settings ***
Documentation       The answer has the form and the end that the request asks for.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Test Template       Answer Should Show

Test Tags           kind:functional


*** Test Cases ***    FIELD
A JSON schema decides the answer
    [Tags]    req:FLDS-003    smoke
    json_schema
A JSON object comes though the prompt asks for plain text
    [Tags]    req:FLDS-004
    json_object
The token limit ends the answer
    [Tags]    req:FLDS-019
    max_tokens
The token limit by its newer name ends the answer
    [Tags]    req:FLDS-019
    max_completion_tokens
A stop text ends the answer and is not part of it
    [Tags]    req:FLDS-012
    stop
A list of stop texts ends the answer at the one that occurs
    [Tags]    req:FLDS-012
    a list of stops
A stop text ends a stream
    [Tags]    req:FLDS-012
    stop in a stream
Log probabilities come for each token of the text, and only when asked for
    [Tags]    req:FLDS-013    req:ANSW-006
    logprobs
As many alternatives come as asked for
    [Tags]    req:FLDS-013
    top_logprobs
Log probabilities come in a stream too
    [Tags]    req:FLDS-013
    logprobs in a stream
