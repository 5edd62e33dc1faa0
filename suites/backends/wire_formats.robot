*** Settings ***
Documentation       A client speaks one wire format; the gateway translates it into each backend's.

Resource            ../../resources/gateway.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary

Test Setup          Open Scripted Backend

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
A server that speaks OpenAI's format answers through the gateway
    [Tags]    req:BACK-001
    Open Gateway Before    ${BACKEND}    openai
    ${answer} =    Ask    Hello.
    Answer Should Be A Complete Chat Completion    ${answer}
    Get Text    ${answer}    ==    One answer, please.

Ollama's native chat answers as a chat completion
    [Tags]    req:BACK-002
    Open Gateway Before    ${BACKEND}    ollama
    ${answer} =    Ask    Hello.
    Answer Should Be A Complete Chat Completion    ${answer}
    Get Text    ${answer}    ==    One answer, please.

Ollama's native stream arrives as a chat completion stream
    [Tags]    req:BACK-003
    Open Gateway Before    ${BACKEND}    ollama
    ${stream} =    Stream Chat    Hello.
    Stream Should Be Closed Properly    ${stream}
    Get Text    ${stream}    ==    One answer, please.

Ollama is asked with its own names
    [Tags]    req:BACK-005
    Open Gateway Before    ${BACKEND}    ollama
    Ask    Hello.    temperature=0.5    top_p=0.25    seed=7    max_tokens=9    stop=END
    Get Request Field    ${BACKEND}    options.num_predict    ==    9
    Get Request Field    ${BACKEND}    options.seed    ==    7
    Get Request Field    ${BACKEND}    options.temperature    ==    0.5
    Get Request Field    ${BACKEND}    options.top_p    ==    0.25
    Get Request Field    ${BACKEND}    options.stop    ==    ["END"]

A backend that nobody listens at is reported as such
    [Tags]    req:BACK-004    kind:negative
    Open Gateway Before    ${BACKEND}
    Stop Scripted Backend    ${BACKEND}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    502
    Get Error Field    ${exchange}    code    ==    backend_refused


*** Keywords ***
Open Scripted Backend
    [Documentation]    A backend that always gives the same answer.
    ${backend} =    Start Scripted Backend
    Script Answer    ${backend}    One${SPACE}    answer,${SPACE}    please.
    VAR    ${BACKEND}    ${backend}    scope=TEST
