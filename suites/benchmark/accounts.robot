*** Settings ***
Documentation       Client, ledger and metrics tell the same of a load run: how many requests, and what they cost.

Resource            ../../resources/load.resource
Resource            ../../resources/observability.resource

Suite Setup         Run Load Through Observed Gateway

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
Client, ledger, metrics and backend count the same requests
    [Tags]    req:BENCH-012
    ${entries} =    Await Ledger Count    ${LEDGER}    40    path=/v1/chat/completions
    ${received} =    Get Request Count    ${BACKEND}
    Counts Should Agree    ${RUN}    ledger=${entries}    backend=${received}

The cost of a load run is what the gateway billed
    [Tags]    req:BENCH-007
    ${billed} =    Get Metric    gateway_cost_usd_total
    Get Load Cost    ${RUN}    ==    ${billed}    input_price=1    output_price=2

Prompts that were sent before are named beside the numbers
    [Tags]    req:BENCH-002
    Get Cautions    ${RUN}    contains    repeated_prompts

The report names what the server said of itself
    [Tags]    req:BENCH-030
    Get Load Report    ${RUN}    matches    (?m)^requests .* 40$

The report names what of the client's machine may change its numbers
    [Tags]    req:BENCH-030
    Get Load Report    ${RUN}    contains    CPU governor
    Get Load Report    ${RUN}    contains    load, last minute's mean

The report has the floor below which times are not the server's
    [Tags]    req:BENCH-030
    Get Load Report    ${RUN}    contains    Calibration floor: a server without any delay


*** Keywords ***
Run Load Through Observed Gateway
    [Documentation]    Forty requests of four users, the only ones of this gateway.
    Start Observed Gateway
    Let Suite Speak To    ${OBSERVED}    scripted
    ${run} =    Run Load    users=4    items=40
    Metrics Should Add Up To    40    gen_ai_server_request_duration_seconds_count
    VAR    ${RUN}    ${run}    scope=SUITE
