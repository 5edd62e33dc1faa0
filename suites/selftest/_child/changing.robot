*** Settings ***
Documentation       Passes or fails as `-v ANSWER:…` says.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:functional


*** Variables ***
${ANSWER}    wrong


*** Test Cases ***
A row that is right the second time
    [Tags]    req:SELF-021
    VAR    &{said}    answer=${ANSWER}
    Get Field    ${said}    answer    ==    right
