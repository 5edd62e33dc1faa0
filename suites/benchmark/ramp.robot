*** Settings ***
Documentation       Users come: 1, then 10, then 20. The gateway passes all of them on to a backend that takes a tenth
...                 of a second for each answer: 10, 100 and 200 answers in a second, if the gateway adds nothing.

Resource            ../../resources/load.resource

Suite Setup         Ramp Users Before Scripted Backend

Test Tags           req:BENCH-005    kind:performance    needs:scripted-backend    needs:quiet-machine


*** Test Cases ***
No request fails from 1 to 20 users
    Get Error Rate    ${RUN}    ==    0

Throughput follows the users
    Get Load Rate    ${RUN}    rps    >    ${RAMP_RPS_1_USER}    stage=0
    Get Load Rate    ${RUN}    rps    >    ${RAMP_RPS_10_USERS}    stage=1
    Get Load Rate    ${RUN}    rps    >    ${RAMP_RPS_20_USERS}    stage=2

The first text of 20 users comes as soon as that of one
    Get Load Metric    ${RUN}    ttft_first_content    p95    <    ${RAMP_TTFT_P95_S}    stage=2

Chunks of 20 streams do not wait for each other
    Get Load Metric    ${RUN}    chunk_gap    p99    <    ${RAMP_CHUNK_GAP_P99_S}    stage=2

The gateway's own metrics tell of the 20 users
    [Tags]    req:BENCH-012    kind:functional
    Get Server Signal    ${RUN}    in_flight    max    >=    ${RAMP_IN_FLIGHT_MIN}

The log shows the ramp as charts
    [Tags]    req:BENCH-051    kind:functional
    ${charts} =    Show Load Charts    ${RUN}    ttft_p95 < 100 ms
    Get Number Of    charts    ${charts}    >=    5

The real model serves 1, 10 and 20 users without a failure
    [Tags]    nightly    needs:flood
    ${run} =    Run Load    users=1,10,20    duration=10 s    max_tokens=8    unique_prefix=True
    Get Error Rate    ${run}    ==    0
    Get Load Metric    ${run}    ttft_first_content    p90    <    ${RAMP_MODEL_TTFT_P90_S}    stage=2
    Get Answered Requests    ${run}    >    0    stage=2


*** Keywords ***
Ramp Users Before Scripted Backend
    [Documentation]    Four fifths of a second for each number of users, through a gateway of the suite.
    ${backend} =    Start Paced Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    ${run} =    Run Load    users=1,10,20    duration=800 ms
    VAR    ${RUN}    ${run}    scope=SUITE
