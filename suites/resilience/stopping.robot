*** Settings ***
Documentation       A gateway that is told to stop drops no request: fifty running streams end whole, and later requests
...                 are asked to come back.

Resource            ../../resources/resilience.resource
Library             keywords.gateway.lifecycle.LifecycleLibrary

Suite Setup         Run Keywords    Open Gateway For All Rows    AND    Stop It In The Middle Of Fifty Streams

Test Tags           kind:reliability    needs:scripted-backend    needs:signals


*** Test Cases ***
Fifty streams under way end whole
    [Tags]    req:LIFE-001
    Get Whole Stream Count    ${STREAMED.streams}    ${STREAMED.text}    ==    50

A gateway that stops is no longer ready
    [Tags]    req:LIFE-002
    Get Status    ${TOLD.ready}    ==    503
    Get Header    ${TOLD.ready}    retry-after    matches    ^\\d+$

A gateway that stops is still alive
    [Tags]    req:LIFE-002
    Get Status    ${TOLD.live}    ==    200

A request after the stop signal is told to come again
    [Tags]    req:LIFE-003
    Get Status    ${TOLD.late}    ==    503
    Get Error Field    ${TOLD.late}    code    ==    gateway_shutting_down
    Get Header    ${TOLD.late}    retry-after    matches    ^\\d+$
    Get Header    ${TOLD.late}    connection    ==    close

A gateway that was stopped ends well
    [Tags]    req:LIFE-004
    Get Exit Status    ${GATEWAY}    ==    0

A stream that takes too long ends with an error event
    [Tags]    req:LIFE-005
    Open Hasty Gateway
    Script Answer    ${BACKEND}    count=100    chunk_delay=100 ms
    ${running} =    Start Stream    Hello.
    Signal Gateway    SIGTERM    ${GATEWAY}
    ${stream} =    Finish Stream    ${running}
    Get Stream Error Code    ${stream}    ==    gateway_shutting_down
    Stream Should Say That It Broke Off    ${stream}
    Get Exit Status    ${GATEWAY}    ==    0    within=${STOPPED_WITHIN}


*** Keywords ***
Open Gateway For All Rows
    [Documentation]    One gateway before a scripted backend.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE

Stop It In The Middle Of Fifty Streams
    [Documentation]    Streams that the backend holds, the signal, the answers to further requests, and the ends of the
    ...    streams.
    ${script} =    Script Answer    ${BACKEND}    count=12    hold_after=1
    ${running} =    Start Streams    50    Hello.
    Signal Gateway    SIGTERM    ${GATEWAY}
    Gateway Should Log    "event":"draining"    gateway=${GATEWAY}
    Ask For Health And An Answer
    Release Answers    ${BACKEND}
    ${streams} =    Finish Streams    ${running}
    VAR    &{STREAMED}    streams=${streams}    text=${script.text}    scope=SUITE

Ask For Health And An Answer
    [Documentation]    What the gateway tells of itself while it stops, and of a request that comes late.
    ${ready} =    Send Raw    GET    /health/ready
    ${live} =    Send Raw    GET    /health/live
    ${late} =    Send Payload    plain.json
    VAR    &{TOLD}    ready=${ready}    live=${live}    late=${late}    scope=SUITE

Open Hasty Gateway
    [Documentation]    A gateway that gives its streams less than a second after the stop signal.
    ${config} =    Write Gateway Config    ${BACKEND}
    Add To Gateway Config    ${config}    server    drain_s=0.3
    ${gateway} =    Start Gateway    config=${config}
    Speak To    ${gateway}    scripted
