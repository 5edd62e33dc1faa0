*** Settings ***
Documentation       An answer is what it says it is: its own, of now, of the model asked for, and in the form asked for.

Resource            ../../resources/gateway.resource
Library             keywords.client.answers.AnswersLibrary

Test Tags           kind:functional


*** Test Cases ***
An answer is JSON in UTF-8
    [Tags]    req:ANSW-005
    ${answer} =    Ask    Say hello.    temperature=0    max_tokens=1
    Body Should Be Utf8    ${answer}

A stream is events in UTF-8
    [Tags]    req:ANSW-005
    ${stream} =    Stream Chat    Say hello.    temperature=0    max_tokens=1
    Body Should Be Utf8    ${stream}

No two answers have the same id
    [Documentation]    All requests are the same, so that a kept answer would show.
    [Tags]    req:ANSW-001    smoke
    ${alone} =    Ask    Say hello.    temperature=0    max_tokens=1
    ${stream} =    Stream Chat    Say hello.    temperature=0    max_tokens=1
    ${together} =    Ask Together    Say hello.    times=2    temperature=0    max_tokens=1
    Ids Should Be Unique    ${alone}    ${stream}    @{together}

An answer was created now
    [Tags]    req:ANSW-003
    ${answer} =    Ask    Say hello.    temperature=0    max_tokens=1
    Created Should Be Now    ${answer}    ${CLOCK_TOLERANCE_S}

A stream was created now
    [Tags]    req:ANSW-003
    ${stream} =    Stream Chat    Say hello.    temperature=0    max_tokens=1
    Created Should Be Now    ${stream}    ${CLOCK_TOLERANCE_S}

An answer names the model asked for
    [Tags]    req:ANSW-004
    ${answer} =    Ask    Say hello.    temperature=0    max_tokens=1
    Model Should Be The One Asked For    ${answer}

A stream names the model asked for
    [Tags]    req:ANSW-004
    ${stream} =    Stream Chat    Say hello.    temperature=0    max_tokens=1
    Model Should Be The One Asked For    ${stream}

A chat request gets a complete chat completion
    [Tags]    req:CHAT-001    smoke
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=24
    Answer Should Be A Complete Chat Completion    ${answer}
