*** Settings ***
Documentation       Load for two minutes: its last third is like its first.

Resource            ../../resources/load.resource
Library             keywords.gateway.metrics.MetricsLibrary

Suite Setup         Load For Two Minutes
Test Timeout        5 minutes

Test Tags           req:BENCH-011    kind:reliability    needs:own-gateway    nightly


*** Test Cases ***
No request fails in two minutes
    Get Error Rate    ${RUN}    ==    0

The first text comes as soon at the end as at the begin
    Get Drift    ${RUN}    ttft_first_content    <    ${SOAK_DRIFT_BELOW}

Tokens come as fast at the end as at the begin
    Get Drift    ${RUN}    tpot_excl_first    <    ${SOAK_DRIFT_BELOW}

The gateway takes no more memory at the end than at the begin
    [Tags]    needs:linux
    Get Signal Drift    ${RUN}    memory    <    ${SOAK_MEMORY_DRIFT_BELOW}

Nothing is in flight when all is answered
    Metrics Should Add Up To    0    gateway_requests_in_flight


*** Keywords ***
Load For Two Minutes
    [Documentation]    Two users of the embedded model, in three stages of forty seconds.
    ${run} =    Run Load    users=2,2,2    duration=40 s    warmup=5 s    max_tokens=16    unique_prefix=True
    VAR    ${RUN}    ${run}    scope=SUITE
