*** Settings ***
Documentation       A client sees no difference between the kinds of backends. Each line of a table is one kind.

Resource            ../../resources/gateway.resource
Library             keywords.client.broken_stream.BrokenStreamLibrary

Suite Setup         Open Gateway Before All Kinds
Test Setup          Script Answer Of Three Words

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
Every kind of backend answers in one piece
    [Tags]    req:BACK-011
    [Template]    Answer Is Complete
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

Every kind of backend answers as a stream
    [Tags]    req:BACK-012
    [Template]    Stream Is Complete
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

Every kind of backend's tokens are counted rightly
    [Tags]    req:BACK-013
    [Template]    Usage Is That Of The Backend
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

Every kind of backend's tokens are counted rightly in a stream
    [Tags]    req:BACK-013
    [Template]    Usage Of Stream Is That Of The Backend
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

An error in the stream of any kind of backend reaches the client
    [Tags]    req:BACK-015    kind:negative
    [Template]    Error In Stream Reaches The Client
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama


*** Keywords ***
Script Answer Of Three Words
    [Documentation]    The backend gives the same answer as every kind.
    Script Answer    ${BACKEND}    One${SPACE}    answer,${SPACE}    please.

Answer Is Complete
    [Documentation]    The backend's whole answer, as a chat completion.
    [Arguments]    ${kind: str}
    ${answer} =    Ask    Hello.    model=${kind}
    Answer Should Be A Complete Chat Completion    ${answer}
    Get Text    ${answer}    ==    One answer, please.
    Get Finish Reason    ${answer}    ==    stop

Stream Is Complete
    [Documentation]    The backend's whole answer, as a chat completion stream in which every event has a choice.
    [Arguments]    ${kind: str}
    ${stream} =    Stream Chat    Hello.    model=${kind}
    Stream Should Be Closed Properly    ${stream}
    Get Text    ${stream}    ==    One answer, please.
    Get Body    ${stream}    not contains    "choices": []
    Get Body    ${stream}    not contains    "choices":[]

Usage Is That Of The Backend
    [Documentation]    Four words in the prompt, three chunks in the answer.
    [Arguments]    ${kind: str}
    ${answer} =    Ask    Four words of question    model=${kind}
    Get Usage    ${answer}    prompt_tokens    ==    4
    Get Usage    ${answer}    completion_tokens    ==    3
    Usage Should Add Up    ${answer}

Usage Of Stream Is That Of The Backend
    [Documentation]    As in the plain answer; counts that grow from event to event are not added up.
    [Arguments]    ${kind: str}
    ${stream} =    Stream Chat    Four words of question    model=${kind}    include_usage=True
    Get Usage    ${stream}    prompt_tokens    ==    4
    Get Usage    ${stream}    completion_tokens    ==    3
    Usage Should Add Up    ${stream}

Error In Stream Reaches The Client
    [Documentation]    In OpenAI's form, after the chunks before it.
    [Arguments]    ${kind: str}
    Script Fault    ${BACKEND}    error    after=2
    ${stream} =    Stream Chat    Hello.    model=${kind}
    Get Text    ${stream}    ==    One answer,${SPACE}
    Stream Should Say That It Broke Off    ${stream}
