*** Settings ***
Documentation       A stream of sixty words is cut in the backend at the critical bytes: each end of an event, one byte
...                 before and after it, and two hundred drawn bytes. Every cut gives the client an error. Each line is
...                 one row of the test matrix.

Resource            ../../resources/cut_streams.resource

Suite Setup         Open Gateway Before All Kinds
Test Template       Client Is Told Wherever The Stream Is Cut

Test Tags           kind:reliability    needs:scripted-backend    req:STRM-009


*** Test Cases ***    KIND OF BACKEND    FAULT
An OpenAI stream that is reset tells the client
    openai    cut
An OpenAI stream that is closed tells the client
    openai    close
An Azure stream that is reset tells the client
    azure    cut
An Azure stream that is closed tells the client
    azure    close
A NIM stream that is reset tells the client
    nim    cut
A NIM stream that is closed tells the client
    nim    close
An Anthropic stream that is reset tells the client
    anthropic    cut
An Anthropic stream that is closed tells the client
    anthropic    close
An Ollama stream that is reset tells the client
    ollama    cut
An Ollama stream that is closed tells the client
    ollama    close


*** Keywords ***
Client Is Told Wherever The Stream Is Cut
    [Documentation]    One line of the table, at the critical and the drawn bytes.
    [Arguments]    ${kind: str}    ${fault: str}
    ${sweep} =    Cut Streams    ${BACKEND}    model=${kind}    fault=${fault}    seed=${CUT_SEED}
    Every End Is Honest    ${sweep}
