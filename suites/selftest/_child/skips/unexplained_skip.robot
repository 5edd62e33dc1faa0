*** Settings ***
Documentation       Skips itself, though nothing that it needs is missing.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:functional


*** Test Cases ***
A row that does not want to run
    [Tags]    req:SELF-018
    Skip    Not today.
