*** Settings ***
Documentation       Fails on purpose: a row runs into its time limit while it waits for an answer.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context Before Silence

Test Tags           kind:functional    req:SELF-025


*** Test Cases ***
A row waits for an answer that never comes
    [Timeout]    2 s
    Ask    Hello.


*** Keywords ***
Open Run Context Before Silence
    [Documentation]    The rows speak to a backend that never answers.
    Open Run Context
    ${backend} =    Start Scripted Backend
    Script No Answer    ${backend}
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=SUITE
    VAR    ${MODEL}    scripted    scope=SUITE
