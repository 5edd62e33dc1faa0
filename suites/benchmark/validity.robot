*** Settings ***
Documentation       A load run whose client could not keep up is INVALID: its numbers are the client's, and it passes
...                 no limit. One that could is VALID.

Resource            ../../resources/load.resource

Test Setup          Speak To A Backend

Test Tags           req:BENCH-003    needs:scripted-backend


*** Test Cases ***
An INVALID load run passes no limit
    [Tags]    kind:negative
    ${run} =    Send More Than A Client Can Read
    Run Keyword And Expect Error    The load run is INVALID and passes no limit: *
    ...    Get Load Metric    ${run}    ttft_first_content    p50    <    ${INVALID_RUN_LIMIT_S}

An INVALID load run is named as such, with the reason
    [Tags]    kind:negative
    ${run} =    Send More Than A Client Can Read
    Run Keyword And Expect Error    *the client had too little of the processor*    Load Run Should Be Valid    ${run}

A load run whose client keeps up is VALID
    [Tags]    kind:functional    needs:quiet-machine
    ${run} =    Run Load At Rate    20    1 s    arrivals=constant
    Load Run Should Be Valid    ${run}
    Get Error Rate    ${run}    ==    0

A limit that is broken fails its row
    [Documentation]    A gate that cannot fail proves nothing.
    [Tags]    kind:negative    needs:quiet-machine
    Script Answer    ${BACKEND}    first_delay=200 ms
    ${run} =    Run Load    users=4    items=40
    Run Keyword And Expect Error    p90 of ttft_first_content, 40 values (s) should be less than 0.1, got 0.2*
    ...    Get Load Metric    ${run}    ttft_first_content    p90    <    0.1


*** Keywords ***
Speak To A Backend
    [Documentation]    A scripted backend in the place of the gateway.
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=TEST
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=TEST
    VAR    ${GATEWAY_API_KEY}    ${None}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST

Send More Than A Client Can Read
    [Documentation]    Forty answers of ten thousand chunks within a fifth of a second.
    Script Answer    ${BACKEND}    count=10000
    Script Wire    ${BACKEND}    join=100
    ${run} =    Run Load At Rate    200    200 ms    arrivals=constant
    RETURN    ${run}
