*** Settings ***
Documentation       Holds two rows of one name, of which Robot's reports would show the second only.

Library             keywords.hooks.listener.TraceabilityListener

Test Tags           kind:functional


*** Test Cases ***
A row with a namesake
    [Tags]    req:SELF-019
    Fail    This row must not be run.

A row with a namesake
    [Tags]    req:SELF-020
    Log    This row must not be run.
