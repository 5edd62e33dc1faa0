*** Settings ***
Documentation       What steers the sampling shows in the answers. `determinism.robot` has the rows on equal answers.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Test Template       Answer Should Show

Test Tags           kind:functional


*** Test Cases ***    FIELD
A high temperature changes the answer
    [Tags]    req:FLDS-014    smoke
    temperature
A tiny top_p makes the answers of all seeds the same
    [Tags]    req:FLDS-014
    top_p
A seed repeats its answer, and another seed does not
    [Tags]    req:DETM-002    req:DETM-003
    seed
A stream takes temperature and seed
    [Tags]    req:FLDS-016
    sampling in a stream
Several choices are several answers
    [Tags]    req:FLDS-011
    n>1
A presence penalty changes a story
    [Tags]    req:FLDS-015
    presence_penalty
A frequency penalty changes a repetition
    [Tags]    req:FLDS-015
    frequency_penalty
The highest bias decides the answer
    [Tags]    req:FLDS-015
    logit_bias
