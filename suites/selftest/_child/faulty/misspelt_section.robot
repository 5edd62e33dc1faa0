*** Settings ***
Documentation       Misspells the second section, whose row Robot would leave out.

Library             keywords.hooks.listener.TraceabilityListener

Test Tags           kind:functional


*** Test Cases ***
A row that Robot understands
    [Tags]    req:SELF-020
    Log    This row must not be run.


*** Tset Cases ***
A row that Robot leaves out
    [Tags]    req:SELF-020
    Fail    This row must not be run.
