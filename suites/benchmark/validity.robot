*** Settings ***
Documentation       A load run that did not send what was planned is INVALID: its numbers are of another load, and it
...                 passes no limit. One that did is VALID.

Resource            ../../resources/load.resource

Test Setup          Speak To A Backend

Test Tags           req:BENCH-003    needs:scripted-backend


*** Test Cases ***
An INVALID load run passes no limit
    [Tags]    kind:negative
    ${run} =    Send Less Than Was Planned
    Run Keyword And Expect Error    The load run is INVALID and passes no limit: *
    ...    Get Load Metric    ${run}    ttft_first_content    p50    <    ${INVALID_RUN_LIMIT_S}

An INVALID load run is named as such, with the reason
    [Tags]    kind:negative
    ${run} =    Send Less Than Was Planned
    Run Keyword And Expect Error    *of 25 planned items began in time*    Load Run Should Be Valid    ${run}

A load run whose client keeps up is VALID
    [Tags]    kind:functional    needs:quiet-machine
    ${run} =    Run Load At Rate    40    500 ms    arrivals=constant
    Load Run Should Be Valid    ${run}
    Get Error Rate    ${run}    ==    0

A limit that is broken fails its row
    [Documentation]    A gate that cannot fail proves nothing.
    [Tags]    kind:negative
    Script Answer    ${BACKEND}    first_delay=500 ms
    ${run} =    Run Load    users=5    items=5
    Run Keyword And Expect Error    p50 of ttft_first_content, 5 values (s) should be less than 0.01, got *
    ...    Get Load Metric    ${run}    ttft_first_content    p50    <    ${BROKEN_LIMIT_S}


*** Keywords ***
Speak To A Backend
    [Documentation]    A scripted backend in the place of the gateway.
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=TEST
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=TEST
    VAR    ${GATEWAY_API_KEY}    ${None}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST

Send Less Than Was Planned
    [Documentation]    25 requests within half a second, one at a time, each answered after a tenth of a second.
    Script Answer    ${BACKEND}    first_delay=100 ms
    ${run} =    Run Load At Rate    50    500 ms    arrivals=constant    most_in_flight=1    drain=0 s
    RETURN    ${run}
