*** Settings ***
Documentation       A load run that did not send what was planned is INVALID: its numbers are of another load, and it
...                 passes no limit. One that did is VALID.

Resource            ../../resources/load.resource

Suite Setup         Run Load Of Both Kinds

Test Tags           req:BENCH-003    needs:scripted-backend


*** Test Cases ***
An INVALID load run passes no limit
    [Tags]    kind:negative
    Run Keyword And Expect Error    The load run is INVALID and passes no limit: *
    ...    Get Load Metric    ${INVALID_RUN}    ttft_first_content    p50    <    ${INVALID_RUN_LIMIT_S}

An INVALID load run is named as such, with the reason
    [Tags]    kind:negative
    Run Keyword And Expect Error    *of 25 planned items began in time*
    ...    Load Run Should Be Valid    ${INVALID_RUN}

A load run whose client keeps up is VALID
    [Tags]    kind:functional    needs:quiet-machine
    Load Run Should Be Valid    ${VALID_RUN}
    Get Error Rate    ${VALID_RUN}    ==    0

A limit that is broken fails its row
    [Documentation]    A gate that cannot fail proves nothing.
    [Tags]    kind:negative
    Run Keyword And Expect Error    p50 of ttft_first_content, 5 values (s) should be less than 0.01, got *
    ...    Get Load Metric    ${VALID_RUN}    ttft_first_content    p50    <    ${BROKEN_LIMIT_S}


*** Keywords ***
Run Load Of Both Kinds
    [Documentation]    A scripted backend in the place of the gateway takes half a second for each answer. 25 requests
    ...    are planned within half a second, one at a time; then five users send one request each.
    ${backend} =    Start Scripted Backend
    Script Answer    ${backend}    first_delay=500 ms
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=SUITE
    VAR    ${GATEWAY_API_KEY}    ${None}    scope=SUITE
    VAR    ${MODEL}    scripted    scope=SUITE
    ${late} =    Run Load At Rate    50    500 ms    arrivals=constant    most_in_flight=1    drain=0 s
    ${valid} =    Run Load    users=5    items=5
    VAR    ${INVALID_RUN}    ${late}    scope=SUITE
    VAR    ${VALID_RUN}    ${valid}    scope=SUITE
