*** Settings ***
Documentation       Several workers are one gateway: they share slots, waits and circuit breakers.

Resource            ../../resources/limits.resource
Resource            ../../resources/resilience.resource
Library             keywords.gateway.lifecycle.LifecycleLibrary
Library             keywords.gateway.metrics.MetricsLibrary

Test Setup          Open Gateway With Two Workers

Test Tags           kind:reliability    needs:scripted-backend    needs:redis


*** Test Cases ***
A place is free for whichever worker is asked
    [Tags]    req:RATE-012
    Script Answer    ${BACKEND}    Slow.    first_delay=100 ms
    Suspend A Worker    ${GATEWAY}
    ${answers} =    Send Chats Together    8
    Get Status Count    ${answers}    200    ==    8

Workers together have no more places than the gateway
    [Tags]    req:RATE-012
    Script Answer    ${BACKEND}    Slow.    first_delay=1 s
    ${answers} =    Send Chats Together    12
    Get Status Count    ${answers}    200    ==    8
    Get Status Count    ${answers}    503    ==    4

A backend that one worker found failing is left alone by the others
    [Documentation]    The breaker stays open for longer than the row takes on any machine.
    [Tags]    req:BRKR-004
    [Setup]    Open Gateway With Two Workers    breaker_open_s=60
    One Worker Finds The Backend Failing
    ${answers} =    Send Chats    12
    Get Status Count    ${answers}    503    ==    12
    Get Request Count    ${BACKEND}    ==    1

One request of all workers probes a backend that was left alone
    [Tags]    req:BRKR-005
    One Worker Finds The Backend Failing
    Wait Until The Backend May Be Probed
    Script Answer    ${BACKEND}    Well again.    first_delay=1 s
    ${answers} =    Send Chats Together    8
    Get Status Count    ${answers}    200    ==    1
    Get Request Count    ${BACKEND}    ==    2

A probe that finds a backend well brings it back to all workers
    [Tags]    req:BRKR-005
    One Worker Finds The Backend Failing
    Wait Until The Backend May Be Probed
    Script Answer    ${BACKEND}    Well again.
    Send Chats    1
    Gateway Should Log    "closed","told_by":"another process"    within=${BREAKER_SHARED_WITHIN}    gateway=${GATEWAY}
    ${answers} =    Send Chats Together    8
    Get Status Count    ${answers}    200    ==    8

A backend that asked one worker for a wait is not asked by the others
    [Tags]    req:FALL-048
    [Setup]    Open Gateway With Two Workers Before Two Backends
    Script Refusal    ${FIRST}    429    retry_after=60 s
    Send Chats    1
    Gateway Should Log    "told_by":"another process"    within=${BREAKER_SHARED_WITHIN}    gateway=${GATEWAY}
    ${answers} =    Send Chats    12
    Get Status Count    ${answers}    200    ==    12
    Get Request Count    ${FIRST}    ==    1

Whichever worker answers a scrape tells of all of them
    [Tags]    req:OBSV-013    kind:functional
    Send Chats    12
    Metrics Should Add Up To    12    gateway_requests_total

What a worker counted outlives it
    [Tags]    req:OBSV-013
    Send Chats    4
    Metrics Should Add Up To    4    gateway_requests_total
    Kill A Worker    ${GATEWAY}
    Metrics Should Add Up To    4    gateway_requests_total


*** Keywords ***
One Worker Finds The Backend Failing
    [Documentation]    One worker opens the circuit breaker, and the other worker knows of it.
    Script Refusal    ${BACKEND}    500
    Send Chats    1
    Gateway Should Log    "told_by":"another process"    within=${BREAKER_SHARED_WITHIN}    gateway=${GATEWAY}

Wait Until The Backend May Be Probed
    [Documentation]    Wait as long as the refusal of a request says.
    ${refused} =    Send Chats    1
    Wait As Told    ${refused}[0]

Open Gateway With Two Workers
    [Documentation]    Two processes behind one address that share a Redis. A breaker opens after one failure.
    [Arguments]    ${breaker_open_s: int}=1
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    Let Two Workers Share A Redis    ${config}
    Add To Gateway Config    ${config}    breaker    consecutive_failures=1    open_s=${breaker_open_s}
    Open Gateway From    ${backend}    ${config}

Open Gateway With Two Workers Before Two Backends
    [Documentation]    Two processes that share a Redis; their model is on the first backend, and then on the second.
    ${first} =    Start Scripted Backend
    ${second} =    Start Scripted Backend
    ${config} =    Write Route Config    ${first}    ${second}
    Let Two Workers Share A Redis    ${config}
    Open Gateway From    ${first}    ${config}
    VAR    ${FIRST}    ${first}    scope=TEST

Let Two Workers Share A Redis
    [Documentation]    There are eight slots, and no queue.
    [Arguments]    ${config: object}
    ${url} =    Start Redis
    Add To Gateway Config    ${config}    shared    redis_url=${url}
    Add To Gateway Config    ${config}    server    workers=2
    Add To Gateway Config    ${config}    limits    in_flight=8
