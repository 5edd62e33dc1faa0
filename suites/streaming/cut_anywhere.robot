*** Settings ***
Documentation       A stream of sixty words is cut in the backend at every byte, one stream for each. Every cut gives
...                 the client an error. Each line is one row of the test matrix.

Resource            ../../resources/cut_streams.resource

Suite Setup         Open Gateway Before All Kinds
Test Timeout        20 minutes
Test Template       Client Is Told Whichever Byte Is The Last

Test Tags           kind:reliability    needs:scripted-backend    req:STRM-009    nightly


*** Test Cases ***    KIND OF BACKEND
An OpenAI stream that is cut at any byte tells the client
    openai
An Azure stream that is cut at any byte tells the client
    azure
A NIM stream that is cut at any byte tells the client
    nim
An Anthropic stream that is cut at any byte tells the client
    anthropic
An Ollama stream that is cut at any byte tells the client
    ollama


*** Keywords ***
Client Is Told Whichever Byte Is The Last
    [Documentation]    One line of the table, at every byte.
    [Arguments]    ${kind: str}
    ${sweep} =    Cut Streams At Every Byte    ${BACKEND}    model=${kind}
    Every End Is Honest    ${sweep}
