*** Settings ***
Documentation       Users come in Locust's processes: 1, then 10, then 20, from a master and two workers. The gateway
...                 passes all of them on to a backend that takes a tenth of a second for each answer.

Resource            ../../resources/load.resource
Library             keywords.measure.load.locust.LocustLibrary

Suite Setup         Ramp Locust Before Scripted Backend

Test Tags           req:BENCH-061    kind:functional    needs:scripted-backend    needs:locust


*** Test Cases ***
Every request that a worker sent is stored
    ${received} =    Get Request Count    ${BACKEND}
    Get Stored Requests    ${RUN}    ==    ${received}

Both workers send
    Get Sending Processes    ${RUN}    ==    2

Each number of users has answers of its own
    Get Answered Requests    ${RUN}    >    0    stage=0
    Get Answered Requests    ${RUN}    >    0    stage=1
    Get Answered Requests    ${RUN}    >    0    stage=2

No request fails from 1 to 20 users of Locust
    [Tags]    nightly    kind:performance    needs:quiet-machine
    ${run} =    Run Locust    users=1,10,20    duration=5 s
    Get Error Rate    ${run}    ==    0
    Get Load Metric    ${run}    ttft_first_content    p95    <    ${RAMP_TTFT_P95_S}    stage=2
    Get Load Rate    ${run}    rps    >    ${RAMP_RPS_20_USERS}    stage=2

A request that is refused fails by the same class
    [Tags]    nightly    kind:negative
    ${backend} =    Start Scripted Backend
    Open Gateway Before Route    ${backend}
    Script Refusal    ${backend}    400
    ${run} =    Run Locust    users=1    duration=2 s
    Get Failed Requests    ${run}    client_error    >    0
    Failures Should All Be    ${run}    client_error


*** Keywords ***
Ramp Locust Before Scripted Backend
    [Documentation]    A second for each number of users, the shortest time of Locust, through a gateway of the suite.
    ${backend} =    Start Paced Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    ${run} =    Run Locust    users=1,10,20    duration=1 s    workers=2
    VAR    ${BACKEND}    ${backend}    scope=SUITE
    VAR    ${RUN}    ${run}    scope=SUITE
