*** Settings ***
Documentation       Several workers or gateways share one limit.

Resource            ../../resources/limits.resource

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
Two workers keep one limit
    [Tags]    req:RATE-009    needs:redis
    Open Gateway With Shared Limits    workers=2    rpm=10    window_s=600
    ${answers} =    Send Chats Together    30
    Get Status Count    ${answers}    200    ==    10
    Get Status Count    ${answers}    429    ==    20

Two gateways keep one limit
    [Tags]    req:RATE-009    needs:redis
    Open Gateway With Shared Limits    workers=1    rpm=4    window_s=600
    ${first} =    Send Chats    3
    ${other} =    Start Gateway    config=${CONFIG}
    Speak To    ${other}    scripted
    ${second} =    Send Chats    3
    Get Status Count    ${first}    200    ==    3
    Get Status Count    ${second}    200    ==    1

Two workers keep one number of places
    [Tags]    req:RATE-009    needs:redis
    Open Gateway With Shared Limits    workers=2    concurrency=3
    ${answers} =    Send Chats Together While Held    8    ${BACKEND}    refused=5
    Get Status Count    ${answers}    200    ==    3

A limit that cannot be counted is not let through
    [Tags]    req:RATE-010    needs:redis
    Open Gateway With Shared Limits    workers=1    rpm=100
    Stop Redis
    ${answers} =    Send Chats    1
    Get Status    ${answers}[0]    ==    503
    Get Error Field    ${answers}[0]    code    ==    limits_unavailable
    Get Header    ${answers}[0]    retry-after    matches    ^\\d+$
    Get Request Count    ${BACKEND}    ==    0

A refused request is not charged, though the Redis hears of it later
    [Documentation]    Each reserves 95 of the 100 tokens.
    [Tags]    req:RATE-015    needs:redis
    Open Gateway With Shared Budget    --budget-tokens    100
    Suspend Redis
    ${refused} =    Send Chats    1    max_tokens=90
    Resume Redis
    ${later} =    Send Chats    1    max_tokens=90
    Get Status    ${refused}[0]    ==    503
    Get Status    ${later}[0]    ==    200

Several workers with limits and nothing shared do not start
    [Tags]    req:RATE-011
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    Add To Gateway Config    ${config}    keys    rpm=10
    ${refused} =    Run Gateway Command    serve    --port    0    --workers    2    --config    ${config}
    Get Exit Code    ${refused}    ==    2
    Get Output    ${refused}    stderr    contains    name a Redis or Valkey in [shared], or run one worker

Several workers with an embedded model do not start
    [Tags]    req:RATE-011
    ${refused} =    Run Gateway Command    serve    --port    0    --workers    2
    Get Exit Code    ${refused}    ==    2
    Get Output    ${refused}    stderr    contains    would load the model of backend
