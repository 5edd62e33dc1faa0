*** Settings ***
Documentation       One of two backends fails in the middle of load: it is switched off, refuses, or slows down. The
...                 other one answers.

Resource            ../../resources/load.resource

Test Tags           req:BENCH-010    kind:reliability    needs:scripted-backend


*** Test Cases ***
A backend that is switched off costs only the streams that it had begun
    Open Gateway Before Two Backends
    ${kill} =    Plan Kill    ${FIRST}    at=500 ms
    ${run} =    Run Load At Rate    20    1400 ms    arrivals=constant    disturbance=${kill}
    ${impact} =    Measure Impact    ${run}
    Get Lost Requests    ${impact}    <=    ${KILL_LOST_MAX}
    Get Seconds To Recover    ${run}    ${impact}    <    ${RECOVERED_WITHIN_S}
    Get Attempts Per Request    ${run}    >    1
    Get Attempts Per Request    ${run}    <    ${AMPLIFICATION_BELOW}

A backend that is switched off after twenty seconds costs no more than an early one
    [Tags]    nightly
    Open Gateway Before Two Backends
    ${kill} =    Plan Kill    ${FIRST}    at=${NIGHTLY_KILL_AT}    restart_after=${NIGHTLY_KILL_LASTS}
    ${run} =    Run Load At Rate    20    ${NIGHTLY_KILL_RUN_LASTS}    arrivals=constant    disturbance=${kill}
    ${impact} =    Measure Impact    ${run}
    Get Lost Requests    ${impact}    <=    ${KILL_LOST_MAX}
    Get Seconds To Recover    ${run}    ${impact}    <    ${RECOVERED_WITHIN_S}
    Get Slowest First Content During Disturbance    ${run}    ${impact}    <    ${KILL_TTFT_BELOW_S}
    Get Attempts Per Request    ${run}    >    1
    Get Attempts Per Request    ${run}    <    ${AMPLIFICATION_BELOW}

A backend that comes back serves again
    [Tags]    nightly
    Open Gateway Before Two Backends    breaker=consecutive_failures=3 open_s=0.5
    ${kill} =    Plan Kill    ${FIRST}    at=2 s    restart_after=2 s
    ${run} =    Run Load At Rate    20    10 s    arrivals=constant    disturbance=${kill}
    ${impact} =    Measure Impact    ${run}
    Get Lost Requests    ${impact}    <=    ${KILL_LOST_MAX}
    Get Request Count    ${FIRST}    >    ${COMES_BACK_REQUESTS_MIN}
    Get Server Signal    ${run}    breaker_state    max    >    0
    Get Server Signal    ${run}    breaker_state    last    ==    0

A storm of 429 of one backend loses no request
    [Tags]    nightly
    Open Gateway Before Two Backends
    ${storm} =    Plan Refusals    ${FIRST}    429    at=2 s    lasting=2 s    retry_after=1 s
    ${run} =    Run Load At Rate    20    8 s    arrivals=constant    disturbance=${storm}
    ${impact} =    Measure Impact    ${run}
    Get Lost Requests    ${impact}    ==    0
    Get Slowest First Content During Disturbance    ${run}    ${impact}    <    ${STORM_TTFT_BELOW_S}
    Get Attempts Per Request    ${run}    >    1
    Get Attempts Per Request    ${run}    <    ${STORM_AMPLIFICATION_BELOW}

A backend that is 300 ms slower delays only its own answers
    [Tags]    nightly
    Open Gateway Before Two Backends
    ${slow} =    Plan Delay    ${FIRST}    300 ms    at=2 s    lasting=2 s
    ${run} =    Run Load At Rate    20    8 s    arrivals=constant    disturbance=${slow}
    ${impact} =    Measure Impact    ${run}
    Get Lost Requests    ${impact}    ==    0
    Get Slowest First Content During Disturbance    ${run}    ${impact}    >=    ${SLOW_TTFT_MIN_S}
    Get Slowest First Content During Disturbance    ${run}    ${impact}    <    ${SLOW_TTFT_BELOW_S}
    Get Seconds To Recover    ${run}    ${impact}    <    ${SLOW_RECOVERED_WITHIN_S}
