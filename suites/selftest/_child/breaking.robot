*** Settings ***
Documentation       Fails on purpose: a server's words hold what breaks files.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:functional    req:SELF-024


*** Test Cases ***
Half a character is said
    Refusal Says    half \\ud83d

A terminal's sequence is said
    Refusal Says    \\u0000 \\u001b[31m red

The next row runs
    No Operation


*** Keywords ***
Refusal Says
    [Documentation]    Ask a backend that refuses with these words.
    [Arguments]    ${words: str}
    ${backend} =    Start Scripted Backend
    Script Refusal    ${backend}    500    {"error": {"message": "${words}"}}
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST
    Ask    Hello.
