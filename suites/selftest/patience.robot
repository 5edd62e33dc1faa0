*** Settings ***
Documentation       A row waits for an answer by what it asks for: as long as a slow honest server needs, and no longer.
...                 The scripted backend stands in the place of the gateway.

Resource            ../../resources/gateway.resource
Library             keywords.client.sdk.openai.OpenAISdkLibrary

Test Setup          Speak To Scripted Backend

Test Tags           req:SELF-031    kind:reliability    needs:scripted-backend


*** Test Cases ***
An answer that does not come is given up by the tokens that were asked for
    Script Fault    ${BACKEND}    silence
    Run Keyword And Expect Error    *no end of the answer within 0.5 s; the request asks for max_tokens=20; *
    ...    Ask    Hello.    max_tokens=20

A stream that ignores its limit is cut, and the row says so
    [Documentation]    All the patience there is: the number of events cuts the stream, and not the time.
    [Setup]    Speak To Scripted Backend    patience=1
    Script Answer    ${BACKEND}    count=5000
    Run Keyword And Expect Error    the stream goes on after 180 events; the request asks for max_tokens=10
    ...    Stream Chat    Hello.    max_tokens=10

The openai package waits no longer than the other clients
    Script Fault    ${BACKEND}    silence
    Run Keyword And Expect Error    APITimeoutError: *    OpenAI Chat    Hello.    max_tokens=20

A slow server that sends what was asked for is heard to its end
    [Documentation]    Its pace is that of 5 tokens a second: a tenth of 200 ms between two of them.
    [Setup]    Speak To Scripted Backend    patience=0.1
    Script Answer    ${BACKEND}    count=64    chunk_delay=20 ms
    ${stream} =    Stream Chat    Hello.    max_tokens=64
    Stream Should Be Closed Properly    ${stream}


*** Keywords ***
Speak To Scripted Backend
    [Documentation]    A scripted backend in the place of the gateway, and little patience: a factor of all times.
    [Arguments]    ${patience: float}=0.02
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=TEST
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=TEST
    VAR    ${GATEWAY_API_KEY}    ${None}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST
    VAR    ${PATIENCE}    ${patience}    scope=TEST
