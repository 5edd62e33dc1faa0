*** Settings ***
Documentation       Names a requirement that the register does not have.

Library             keywords.hooks.listener.TraceabilityListener

Test Tags           kind:functional


*** Test Cases ***
A row that proves what nobody asked for
    [Tags]    req:CHAT-999
    Log    This row must not be run.
