*** Settings ***
Documentation       Counts as a flood, and runs attached to another server.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:negative    needs:flood


*** Test Cases ***
A row that floods its target
    [Tags]    req:SELF-033
    Send Raw    GET    /v1/models
