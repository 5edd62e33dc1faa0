*** Settings ***
Documentation       Fails on purpose: a server repeats the run's key, and beside it a text that is no secret, in every
...                 encoding and every part of its answers. A search that finds the text would find the key.

Library             keywords.hooks.listener.TraceabilityListener
Library             keywords.run.encodings.EncodingLibrary
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context Before Backend

Test Tags           kind:functional    req:SELF-023


*** Variables ***
${INNOCENT}    no-secret-1A2b3C4d5E


*** Test Cases ***
A refusal repeats it
    [Template]    Refusal Repeats
    plain
    upper case
    JSON
    Unicode escapes
    byte escapes
    HTML
    URL
    URL twice

A refusal repeats it in other digits
    [Template]    Refusal Repeats
    base64
    base64 with user
    base64 after a letter
    hexadecimal

A stream repeats it in pieces
    @{secret} =    Split Text    ${GATEWAY_API_KEY}    3
    @{innocent} =    Split Text    ${INNOCENT}    3
    Script Answer    ${BACKEND}    Your key is${SPACE}    @{secret}    , and the text${SPACE}    @{innocent}
    ${stream} =    Stream Chat    Hello.
    Log    ${stream.exchange.body}
    Get Text    ${stream}    ==    a text that no server says

A broken body repeats it
    ${said} =    Both    plain
    Script Refusal    ${BACKEND}    500    {"error": {"message": "${said}
    Ask    Hello.

A header repeats it
    ${said} =    Both    plain
    Script Wire    ${BACKEND}    headers=x-said: ${said}
    ${answer} =    Ask    Hello.
    Get Header    ${answer}    x-said    ==    another text

A prompt repeats it
    ${said} =    Both    plain
    Script Answer    ${BACKEND}    Hello.
    ${answer} =    Ask    ${said}
    Get Text    ${answer}    ==    ${said}

The row itself repeats it
    ${said} =    Both    plain
    Log To Console    ${said}
    Log    ${said}    level=WARN
    Save Evidence    said    ${said}
    Set Tags    ${said}
    Set Test Documentation    ${said}
    Set Suite Metadata    Said    ${said}    top=True
    Fail    ${said} should be another text

A long message is cut
    ${said} =    Both    plain
    ${long} =    Surround Text    ${said}    before=1540    after=3000
    Fail    ${long}


*** Keywords ***
Open Run Context Before Backend
    [Documentation]    The rows speak to a scripted backend, with the key of the target.
    Open Run Context
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=SUITE
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=SUITE
    VAR    ${MODEL}    scripted    scope=SUITE

Refusal Repeats
    [Documentation]    A line of the table.
    [Arguments]    ${encoding: str}
    ${said} =    Both    ${encoding}
    Script Refusal    ${BACKEND}    401    {"error": {"message": "Incorrect API key provided: ${said}"}}
    Ask    Hello.

Both
    [Documentation]    The key and the text that is no secret, in an encoding.
    [Arguments]    ${encoding: str}
    ${secret} =    Encode    ${GATEWAY_API_KEY}    ${encoding}
    ${innocent} =    Encode    ${INNOCENT}    ${encoding}
    RETURN    ${secret} ${innocent}
