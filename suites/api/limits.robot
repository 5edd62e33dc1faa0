*** Settings ***
Documentation       The client limits the length of an answer, and the finish reason says when that limit ended it.

Resource            ../../resources/gateway.resource

Test Tags           kind:functional


*** Test Cases ***
One token is one token
    [Tags]    req:LIMT-001    smoke
    ${answer} =    Ask    Tell me a story.    max_tokens=1
    Get Usage    ${answer}    completion_tokens    ==    1

An answer never outgrows its limit
    [Tags]    req:LIMT-001
    ${answer} =    Ask    Tell me a very long story.    temperature=0    max_tokens=50
    Get Usage    ${answer}    completion_tokens    <=    50

An answer that is cut by its limit says so
    [Tags]    req:LIMT-002
    ${answer} =    Ask    Tell me a very long story.    temperature=0    max_tokens=10
    Get Finish Reason    ${answer}    ==    length

An answer that ends by itself says so
    [Tags]    req:LIMT-002
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=200
    Get Finish Reason    ${answer}    ==    stop

The newer name of the limit means the same
    [Tags]    req:LIMT-003
    ${exchange} =    Send Chat    Tell me a very long story.    temperature=0    max_completion_tokens=7
    Get Status    ${exchange}    ==    200
    Get Body Field    ${exchange}    usage.completion_tokens    ==    7

An answer stops before a stop word
    [Documentation]    Without the stop word, this answer says 4.
    [Tags]    req:LIMT-004
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=24    stop=4
    Get Text    ${answer}    not contains    4
    Get Finish Reason    ${answer}    ==    stop
