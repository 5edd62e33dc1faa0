*** Settings ***
Documentation       Short answers come in the time that is stated in `variables/defaults.yaml`, and all of them alike.
...                 Times above their limits are judged against how busy this machine is at the moment.

Resource            ../../resources/gateway.resource
Library             keywords.measure.latency.LatencyLibrary
Library             keywords.measure.pace.PaceLibrary

Suite Setup         Ask For Equal Answers

Test Tags           kind:performance    needs:quiet-machine


*** Test Cases ***
Short answers come in time
    [Tags]    req:PACE-001
    Get Latency    ${ANSWERS}    p50    <    ${ANSWER_WITHIN_S}

No answer among equal ones is slow
    [Tags]    req:PACE-002
    Get Slow Answers    ${ANSWERS}    ${SLOW_ANSWER_BEYOND_S}    ==    0

The list of models comes in time
    [Tags]    req:PACE-001
    ${lists} =    Send Probes    /v1/models    times=5
    Get Latency    ${lists}    p50    <    ${LIST_WITHIN_S}

A refusal comes in time
    [Tags]    req:PACE-001
    ${exchange} =    Send Payload    no_messages.json
    Get Answer Time    ${exchange}    <    ${LIST_WITHIN_S}


*** Keywords ***
Ask For Equal Answers
    [Documentation]    The same short question again and again, one answer after the other.
    ${answers} =    Ask Again    Say hello.    times=${EQUAL_ANSWERS}
    VAR    ${ANSWERS}    ${answers}    scope=SUITE
