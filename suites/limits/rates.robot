*** Settings ***
Documentation       Each key has rate limits, and a refusal says how long to wait.

Resource            ../../resources/limits.resource

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
As many requests pass as the limit allows
    [Tags]    req:RATE-001
    Open Gateway With    keys    rpm=3
    ${answers} =    Send Chats    5
    Get Status Count    ${answers}    200    ==    3
    Get Status Count    ${answers}    429    ==    2
    Get Request Count    ${BACKEND}    ==    3

A stream counts as every other request
    [Tags]    req:RATE-001
    Open Gateway With    keys    rpm=2
    ${answers} =    Send Chats    4    stream=true
    Get Status Count    ${answers}    200    ==    2
    Get Status Count    ${answers}    429    ==    2

A refusal is an OpenAI error that says when to come back
    [Tags]    req:RATE-002
    Open Gateway With    keys    rpm=1    window_s=10
    ${answers} =    Send Chats    2
    Error Should Be An OpenAI Error    ${answers}[1]
    Get Error Field    ${answers}[1]    code    ==    rate_limit_exceeded
    Get Header    ${answers}[1]    retry-after    matches    ^([1-9]|10)$
    Get Header    ${answers}[1]    x-should-retry    ==    true

Every answer tells what is left
    [Tags]    req:RATE-003
    Open Gateway With    keys    rpm=5    tpm=1000
    ${answers} =    Send Chats    2    max_tokens=100
    Get Header    ${answers}[1]    x-ratelimit-limit-requests    ==    5
    Get Header    ${answers}[1]    x-ratelimit-remaining-requests    ==    3
    Get Header    ${answers}[1]    x-ratelimit-reset-requests    matches    ^\\d+(\\.\\d+)?m?s$
    Get Header    ${answers}[1]    x-ratelimit-limit-tokens    ==    1000
    Get Header    ${answers}[1]    x-ratelimit-remaining-tokens    matches    ^8\\d\\d$
    Get Header    ${answers}[1]    x-ratelimit-reset-tokens    matches    ^\\d+(\\.\\d+)?m?s$

Who waits as told is let in again
    [Tags]    req:RATE-002
    Open Gateway With    keys    rpm=1    window_s=3
    ${refused} =    Send Chats Until    429
    Wait As Told    ${refused}
    ${later} =    Send Chats    1
    Get Status Count    ${later}    200    ==    1

A refused request uses nothing up
    [Tags]    req:RATE-004
    Open Gateway With    keys    rpm=1
    ${bad} =    Send Chats    3    temperature=9
    ${good} =    Send Chats    1
    Get Status Count    ${bad}    400    ==    3
    Get Status Count    ${good}    200    ==    1

Tokens that were reserved and not used come back
    [Documentation]    Each request reserves 900 tokens and uses about 20.
    [Tags]    req:RATE-005
    Open Gateway With    keys    tpm=1000
    ${answers} =    Send Chats    4    max_tokens=900
    Get Status Count    ${answers}    200    ==    4

Tokens that were used are paid for
    [Documentation]    An answer of 300 words, without a `max_tokens`, leaves no tokens for the next one.
    [Tags]    req:RATE-005
    Open Gateway With    keys    tpm=300    window_s=600
    Script Answer    ${BACKEND}    count=300
    ${answers} =    Send Chats    2
    Get Status Count    ${answers}    200    ==    1
    Get Status Count    ${answers}    429    ==    1

A request above the limit of tokens is told never to come back
    [Tags]    req:RATE-005
    Open Gateway With    keys    tpm=100
    ${answers} =    Send Chats    1    max_tokens=101
    Get Status    ${answers}[0]    ==    429
    Get Header    ${answers}[0]    x-should-retry    ==    false

A request for embeddings counts as every other request
    [Tags]    req:RATE-001    req:OPER-003
    Open Gateway With    keys    rpm=1
    Send Chats    1
    ${exchange} =    Send Raw    POST    /v1/embeddings    {"model": "scripted", "input": "a"}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    429
    Get Error Field    ${exchange}    code    ==    rate_limit_exceeded
