*** Settings ***
Documentation       More requests than a gateway is configured for: it refuses what is too much, and says so.

Resource            ../../resources/limits.resource
Resource            ../../resources/load.resource

Test Tags           req:BENCH-009    kind:reliability    needs:scripted-backend


*** Test Cases ***
Beyond its slots and its queue a gateway refuses with 503 and nothing else
    Open Gateway With    limits    in_flight=4    queue=4    queue_wait_s=1
    Script Answer    ${BACKEND}    Slow.    first_delay=100 ms
    ${run} =    Run Load At Rate    100    1 s    arrivals=constant
    Failures Should All Be    ${run}    overloaded
    Get Answered Requests    ${run}    >=    ${OVERLOAD_ANSWERED_MIN}
    Get Load Metric    ${run}    e2e    p90    <    ${OVERLOAD_E2E_P90_S}    answers_only=True

Beyond its rate a key is refused with 429 and nothing else
    Open Gateway With    keys    rpm=20    window_s=600
    ${run} =    Run Load At Rate    80    500 ms    arrivals=constant
    Failures Should All Be    ${run}    rate_limited
    Get Answered Requests    ${run}    ==    20

A backend that refuses for want of slots is told as such
    [Tags]    nightly
    Open Gateway With    limits    in_flight=100
    Script Refusal    ${BACKEND}    503    retry_after=1 s
    ${run} =    Run Load    users=2    items=4
    Failures Should All Be    ${run}    overloaded
    Get Answered Requests    ${run}    ==    0
