*** Settings ***
Documentation       Capacity as a number. The backend answers four requests at a time, each in a tenth of a second, so
...                 that of five users one waits for as long again.

Resource            ../../resources/load.resource

Test Tags           kind:performance    needs:scripted-backend    nightly


*** Variables ***
@{LEVELS}    ttft_p90 < 60 ms    error_rate < 5 %


*** Test Cases ***
The number of users that hold a service level is found
    [Tags]    req:BENCH-013
    ${backend} =    Start Paced Backend    slots=4
    Open Gateway Before Route    ${backend}
    ${capacity} =    Find Max Load    users    ${LEVELS}    first=2    to=32    duration=4 s
    Get Capacity    ${capacity}    ==    4
    Get Field    ${capacity}    breaks    ==    5

A level that nobody can hold has no capacity
    [Tags]    req:BENCH-013
    ${backend} =    Start Paced Backend    slots=4
    Open Gateway Before Route    ${backend}
    VAR    @{impossible}    e2e_p50 < 1 ms
    ${capacity} =    Find Max Load    users    ${impossible}    to=4    duration=1 s
    Get Capacity    ${capacity}    ==    ${None}

The gateway adds little to the time to first content
    [Tags]    req:BENCH-014    needs:quiet-machine
    ${backend} =    Start Paced Backend
    Open Gateway Before Route    ${backend}
    ${through} =    Run Load    users=2    items=60
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=TEST
    ${direct} =    Run Load    users=2    items=60
    Get Added Latency    ${through}    ${direct}    ttft_first_content    <    ${ADDED_TTFT_BELOW_S}
