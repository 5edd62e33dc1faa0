*** Settings ***
Documentation       The gateway retries a transient failure, after the wait that the backend asked for, within one
...                 deadline. It does not retry a permanent one.

Resource            ../../resources/resilience.resource
Library             keywords.measure.latency.LatencyLibrary

Test Setup          Open Patient Gateway

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
A failure that may pass is repeated
    [Tags]    req:RTRY-001
    [Template]    Second Attempt Answers After
    408
    409
    429
    500
    502
    503
    504

A connection that breaks off before the answer is repeated
    [Tags]    req:RTRY-001
    ${broken} =    Script No Answer    ${BACKEND}    cut
    ${answer} =    Script Answer    ${BACKEND}
    Script Sequence    ${BACKEND}    ${broken}    ${answer}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    x-gateway-attempts    ==    2

A refusal for good is not repeated
    [Tags]    req:RTRY-002
    [Template]    One Attempt Is Made At
    400
    401
    404
    422

Repetitions are bounded
    [Tags]    req:RTRY-002
    Script Refusal    ${BACKEND}    500
    Send Payload    plain.json
    Get Request Count    ${BACKEND}    ==    3

The wait that a backend asks for is kept
    [Tags]    req:RTRY-003
    [Template]    Wait Is Kept In Form
    seconds    1 s    1
    milliseconds    400 ms    0.4
    # A date has whole seconds only, so up to one of them may be over when it is read.
    date    2 s    1

A wait beyond the deadline is not begun
    [Tags]    req:RTRY-004
    Script Refusal    ${BACKEND}    429    retry_after=60 s
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    429
    Get Header    ${exchange}    retry-after    ==    60
    Get Request Count    ${BACKEND}    ==    1

One deadline holds over all attempts
    [Tags]    req:RTRY-004
    Open Gateway Before Route    ${BACKEND}    timeouts=attempt_s=0.4 total_s=1    retries=attempts=9 base_s=0.01
    Script No Answer    ${BACKEND}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    504
    Get Time Beyond Deadline    ${exchange}    1 s    >    ${DEADLINE_EARLY_S}
    Get Time Beyond Deadline    ${exchange}    1 s    <    ${DEADLINE_SLACK_S}

Nothing is repeated after the first word
    [Tags]    req:RTRY-005
    Script Fault    ${BACKEND}    cut    after=2
    ${stream} =    Stream Chat    Hello.
    Stream Should Say That It Broke Off    ${stream}
    Get Request Count    ${BACKEND}    ==    1

A client is not asked to repeat what was repeated already
    [Tags]    req:RTRY-006
    Script Refusal    ${BACKEND}    500
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-should-retry    ==    false

A client may repeat what asks for a wait
    [Tags]    req:RTRY-006
    Script Refusal    ${BACKEND}    429    retry_after=60 s
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-should-retry    ==    true


*** Keywords ***
Second Attempt Answers After
    [Documentation]    One line of the table of transient failures: the backend's first status.
    [Arguments]    ${status: int}
    ${refusal} =    Script Refusal    ${BACKEND}    ${status}
    ${answer} =    Script Answer    ${BACKEND}
    Script Sequence    ${BACKEND}    ${refusal}    ${answer}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    x-gateway-attempts    ==    2

One Attempt Is Made At
    [Documentation]    One line of the table of permanent refusals.
    [Arguments]    ${status: int}
    Script Refusal    ${BACKEND}    ${status}
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-gateway-attempts    ==    1

Wait Is Kept In Form
    [Documentation]    One line of the table of forms: the form, the requested wait, and the least wait in seconds.
    [Arguments]    ${form: str}    ${asked: str}    ${least_s: float}
    ${refusal} =    Script Refusal    ${BACKEND}    429    retry_after=${asked}    retry_after_form=${form}
    ${answer} =    Script Answer    ${BACKEND}
    Script Sequence    ${BACKEND}    ${refusal}    ${answer}
    Send Payload    plain.json
    Get Surplus Wait    ${BACKEND}    ${least_s}    >=    0
    Get Surplus Wait    ${BACKEND}    ${least_s}    <    ${WAIT_SLACK_S}
