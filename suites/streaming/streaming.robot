*** Settings ***
Documentation       A stream gives the client the contents of the plain answer while they arise, and ends properly.

Resource            ../../resources/gateway.resource
Library             keywords.client.answers.AnswersLibrary

Suite Setup         Stream Long Story

Test Tags           kind:functional


*** Test Cases ***
With stream false, one object comes
    [Tags]    req:FLDS-018
    ${exchange} =    Send Chat    Hello.    max_tokens=2    stream=false
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    content-type    contains    application/json
    Json Body Should Have Key    ${exchange}    choices

With stream true, events come
    [Tags]    req:FLDS-018
    ${exchange} =    Send Chat    Hello.    max_tokens=2    stream=true
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    content-type    contains    text/event-stream
    Get Body    ${exchange}    contains    chat.completion.chunk

A stream that is cut by its token limit ends properly too
    [Tags]    req:STRM-001
    ${stream} =    Stream Chat    Tell me a story.    temperature=0    max_tokens=10
    Get Finish Reasons    ${stream}    ==    length
    Stream Should Be Closed Properly    ${stream}

A stream counts the same tokens as the plain answer
    [Tags]    req:STRM-003
    ${answer} =    Ask    Name three colours.    temperature=0    max_tokens=24
    ${stream} =    Stream Chat    Name three colours.    temperature=0    max_tokens=24    include_usage=True
    ${tokens} =    Get Usage    ${answer}    total_tokens
    Get Usage    ${stream}    total_tokens    ==    ${tokens}
    Stream Should Be Closed Properly    ${stream}

A stream of several choices counts the tokens of all of them once
    [Tags]    req:STRM-003
    ${stream} =    Stream Chat    Tell me a long story.    max_tokens=4    include_usage=True    extra={"n": 2}
    Usage Should Count Each Choice    ${stream}    4
    Stream Should Be Closed Properly    ${stream}

The first words arrive long before the last
    [Tags]    req:STRM-004
    Get Share Of Time To First Content    ${STORY}    <    ${FIRST_CONTENT_SHARE}

Words that need several bytes arrive whole
    [Tags]    req:STRM-005
    ${stream} =    Stream Chat    Repeat: café, naïve, 東京, 🚀    temperature=0    max_tokens=40
    Get Text    ${stream}    contains    東京
    Stream Should Be Valid Utf8    ${stream}
    Stream Should Be Closed Properly    ${stream}

All events of a stream belong to one answer
    [Documentation]    The stream takes longer than a second, so that a clock would show in its creation times.
    [Tags]    req:ANSW-002
    Stream Should Be One Answer    ${STORY}


*** Keywords ***
Stream Long Story
    [Documentation]    A stream of 120 tokens, which takes longer than a second.
    ${story} =    Stream Chat    Tell me a long story.    temperature=0    max_tokens=120
    VAR    ${STORY}    ${story}    scope=SUITE
