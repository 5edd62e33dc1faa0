*** Settings ***
Documentation       Needs its own gateway, and runs attached to another server.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:functional    needs:own-gateway


*** Test Cases ***
A row that this run cannot serve
    [Tags]    req:SELF-005
    Fail    A row whose need is missing must not be run.
