*** Settings ***
Documentation       Rows that say of themselves what is not so.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           req:SELF-014    kind:functional


*** Test Cases ***
A message that begins like a refused run
    Fail    Not started: the model's process exited with 1

A row that takes its requirement away
    Remove Tags    req:*
    Fail    It fails for the requirement that it was written for.
