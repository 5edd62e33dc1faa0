*** Settings ***
Documentation       A request that is sent again, or with one other field, gets its own answer and its own count.

Resource            ../../resources/gateway.resource
Library             keywords.client.answers.AnswersLibrary

Test Tags           kind:functional


*** Test Cases ***
The same request counts the same tokens again
    [Tags]    req:ANSW-011
    ${answer} =    Ask    Tell me a story.    temperature=0    max_tokens=4
    ${again} =    Ask    Tell me a story.    temperature=0    max_tokens=4
    Usage Should Be The Same    ${again}    ${answer}

The same request counts the same tokens in a stream
    [Tags]    req:ANSW-011
    ${answer} =    Ask    Tell me a story.    temperature=0    max_tokens=4
    ${stream} =    Stream Chat    Tell me a story.    temperature=0    max_tokens=4    include_usage=True
    Usage Should Be The Same    ${stream}    ${answer}

A request with another system message gets another answer
    [Tags]    req:ANSW-010
    ${french} =    Ask    Tell me a story.    system=You are a poet in Paris.    temperature=0    max_tokens=24
    ${pirate} =    Ask    Tell me a story.    system=You are a pirate at sea.    temperature=0    max_tokens=24
    Get Text    ${pirate}    !=    ${french.text}
