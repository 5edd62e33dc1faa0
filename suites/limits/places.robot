*** Settings ***
Documentation       Limits on concurrent requests, of one key and of all keys together, with a bounded queue.

Resource            ../../resources/limits.resource

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
One key has so many requests at once
    [Tags]    req:RATE-006
    Open Gateway With    keys    concurrency=2
    ${answers} =    Send Chats Together While Held    5    ${BACKEND}    refused=3
    Get Status Count    ${answers}    200    ==    2
    Get Status Count    ${answers}    429    ==    3

A place is free again when its request has ended
    [Tags]    req:RATE-006
    Open Gateway With    keys    concurrency=1
    ${answers} =    Send Chats    4
    Get Status Count    ${answers}    200    ==    4

Beyond the places and the queue a request is refused at once
    [Tags]    req:RATE-007
    Open Gateway With    limits    in_flight=1    queue=2
    ${answers} =    Send Chats Together While Held    5    ${BACKEND}    refused=2
    Get Status Count    ${answers}    200    ==    3
    Get Status Count    ${answers}    503    ==    2

The refusal of a full gateway says when to come back
    [Tags]    req:RATE-007
    Open Gateway With    limits    in_flight=1    queue=1    queue_wait_s=0.1
    ${answers} =    Send Chats Together While Held    2    ${BACKEND}    refused=1
    ${refused} =    Get Answer With    ${answers}    503
    Error Should Be An OpenAI Error    ${refused}
    Get Error Field    ${refused}    code    ==    gateway_overloaded
    Get Header    ${refused}    retry-after    matches    ^\\d+$
    Get Header    ${refused}    x-should-retry    ==    true

A request holds no more messages than allowed
    [Tags]    req:RATE-008
    Open Gateway With    limits    messages=1
    ${exchange} =    Send Chat    messages=[{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    messages
    Get Error Field    ${exchange}    code    ==    array_above_max_length
