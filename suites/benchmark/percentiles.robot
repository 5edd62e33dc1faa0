*** Settings ***
Documentation       Percentiles of what two users wait for, of the server under test. All rows read one load run.

Resource            ../../resources/load.resource

Suite Setup         Run Load Of Two Users

Test Tags           req:BENCH-004    kind:performance    needs:quiet-machine


*** Test Cases ***
The client that measured can be believed
    Load Run Should Be Valid    ${RUN}

No request of two users fails
    Get Error Rate    ${RUN}    ==    0

The first text comes in time for nine of ten requests
    Get Load Metric    ${RUN}    ttft_first_content    p90    <    ${LOAD_TTFT_P90_S}

The first text usually comes soon
    Get Load Metric    ${RUN}    ttft_first_content    p50    <    ${LOAD_TTFT_P50_S}

Nine of ten answers end in time
    Get Load Metric    ${RUN}    e2e    p90    <    ${LOAD_E2E_P90_S}

Nineteen of twenty chunks follow the one before them in time
    Get Load Metric    ${RUN}    chunk_gap    p95    <    ${LOAD_CHUNK_GAP_P95_S}

Tokens come fast enough for each user
    Get Load Metric    ${RUN}    output_tokens_per_s    p50    >    ${LOAD_TOKENS_PER_S_MIN}

Nine of ten requests hold both service levels
    Get Goodput    ${RUN}    ${LOAD_LEVELS}    >=    ${LOAD_GOODPUT_MIN}


*** Keywords ***
Run Load Of Two Users
    [Documentation]    Thirty answers of eight tokens, so that there is a p90 however fast the server is.
    ${run} =    Run Load    users=2    items=30    warmup=300 ms    max_tokens=8    unique_prefix=True
    VAR    ${RUN}    ${run}    scope=SUITE
