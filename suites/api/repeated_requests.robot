*** Settings ***
Documentation       A request that is sent again, or with one other field, gets its own answer and its own count.

Resource            ../../resources/gateway.resource

Test Tags           kind:functional


*** Test Cases ***
The same request counts the same tokens again
    [Tags]    req:ANSW-011
    ${answer} =    Ask    Tell me a story.    temperature=0    max_tokens=4
    ${again} =    Ask    Tell me a story.    temperature=0    max_tokens=4
    Get Usage    ${again}    prompt_tokens    ==    ${answer.usage.prompt_tokens}
    Get Usage    ${again}    completion_tokens    ==    ${answer.usage.completion_tokens}

The same request counts the same tokens in a stream
    [Tags]    req:ANSW-011
    ${answer} =    Ask    Tell me a story.    temperature=0    max_tokens=4
    ${stream} =    Stream Chat    Tell me a story.    temperature=0    max_tokens=4    include_usage=True
    Get Usage    ${stream}    prompt_tokens    ==    ${answer.usage.prompt_tokens}
    Get Usage    ${stream}    completion_tokens    ==    ${answer.usage.completion_tokens}

A request with another limit gets another answer
    [Tags]    req:ANSW-010
    ${short} =    Ask    Tell me a story.    temperature=0    max_tokens=2
    ${long} =    Ask    Tell me a story.    temperature=0    max_tokens=5
    Get Text    ${long}    !=    ${short.text}

A request with another system message gets another answer
    [Tags]    req:ANSW-010
    ${french} =    Ask    Tell me a story.    system=You are a poet in Paris.    temperature=0    max_tokens=24
    ${pirate} =    Ask    Tell me a story.    system=You are a pirate at sea.    temperature=0    max_tokens=24
    Get Text    ${pirate}    !=    ${french.text}
