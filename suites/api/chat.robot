*** Settings ***
Documentation       One question and one complete answer: the round trip that all other rows build on.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Test Tags           kind:functional


*** Test Cases ***
The answer is an answer to the question
    [Documentation]    The small model knows little, but it knows two and two.
    [Tags]    req:CHAT-002    smoke
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=24
    Get Text    ${answer}    contains    4

Usage counts the tokens of the answer
    [Tags]    req:CHAT-004    smoke
    ${answer} =    Ask    Tell me a story.    temperature=0    max_tokens=20
    Get Usage    ${answer}    completion_tokens    ==    20
    Usage Should Add Up    ${answer}

Usage counts the tokens of all choices
    [Documentation]    In plain answers, llama.cpp counts the tokens of the first choice only.
    [Tags]    req:CHAT-004
    ${answer} =    Ask    Tell me a long story.    max_tokens=4    n=2
    Usage Should Count Each Choice    ${answer}    4
    Usage Should Add Up    ${answer}

A longer prompt counts for more tokens
    [Tags]    req:CHAT-004
    ${short} =    Ask    Hello.    max_tokens=1
    ${long} =    Ask    Hello, and hello again, and once more hello.    max_tokens=1
    ${tokens} =    Get Usage    ${short}    prompt_tokens
    Get Usage    ${long}    prompt_tokens    >    ${tokens}

The user's label does not change the answer
    [Tags]    req:FLDS-017
    Answer Should Show    a user's label

Fields that the gateway does not know reach the backend untouched
    [Tags]    req:CHAT-005    needs:scripted-backend
    ${backend} =    Start Scripted Backend
    Open Gateway Before    ${backend}
    ${exchange} =    Send Payload    unknown_fields.json
    ${recorded} =    Get Recorded Requests    ${backend}
    Get Field    ${recorded}    [0].body    ==    ${exchange.request_body}

An answer of the embedded model has every member that OpenAI requires
    [Tags]    req:CHAT-010    needs:embedded-model
    ${exchange} =    Send Payload    plain.json
    Get Body    ${exchange}    contains    "logprobs":null
    Get Body    ${exchange}    contains    "refusal":null

Fields that the gateway does not know come back from the backend
    [Documentation]    llama.cpp adds its timings to each answer, a field that the gateway does not know.
    [Tags]    req:CHAT-006    needs:embedded-model
    ${answer} =    Ask    Hello.    max_tokens=1
    Json Body Should Have Key    ${answer}    timings
