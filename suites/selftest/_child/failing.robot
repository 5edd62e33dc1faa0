*** Settings ***
Documentation       Fails on purpose, after an exchange with the target.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:functional


*** Test Cases ***
An answer that nobody gives is expected
    [Tags]    req:CHAT-002
    ${answer} =    Ask    Hello.    max_tokens=1    seed=11
    Get Text    ${answer}    ==    an answer that no model gives

A head that nobody sends is expected
    [Tags]    req:SELF-026
    ${exchange} =    Send Raw    HEAD    /v1/models
    Get Status    ${exchange}    ==    299
