*** Settings ***
Documentation       A trace follows a request from its client through the gateway to each attempted backend.

Resource            ../../resources/observability.resource

Suite Setup         Start Observed Gateway
Test Setup          Open Observed Gateway

Test Tags           req:OBSV-008    kind:functional    needs:scripted-backend


*** Variables ***
${NO_TRACE}    00000000000000000000000000000000


*** Test Cases ***
A request belongs to the trace that its client began
    ${parent} =    New Trace Parent
    ${exchange} =    Send Payload    plain.json    headers=traceparent: ${parent}
    ${span}    ${_} =    Get Spans Of Request    ${RECEIVER}    ${exchange}    attempts=1
    Get Field    ${span}    trace_id    ==    ${parent}[3:35]
    Get Field    ${span}    parent_id    ==    ${parent}[36:52]

Each attempt is a span below its request
    Script Refusal    ${BACKEND}    400
    ${exchange} =    Send Payload    plain.json
    ${span}    ${attempt} =    Get Spans Of Request    ${RECEIVER}    ${exchange}    attempts=1
    Get Field    ${attempt}    trace_id    ==    ${span.trace_id}
    Get Field    ${attempt}    attributes[gateway.backend]    ==    scripted
    Get Field    ${attempt}    attributes[http.response.status_code]    ==    400
    Attempt Should Lie Within Its Request    ${span}    ${attempt}

A backend is told the span of its attempt
    [Tags]    req:OBSV-015
    ${exchange} =    Send Payload    plain.json
    ${_}    ${attempt} =    Get Spans Of Request    ${RECEIVER}    ${exchange}    attempts=1
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [-1].headers[traceparent]    ==    00-${attempt.trace_id}-${attempt.span_id}-01

Metrics arrive under the names of the convention
    ${answer} =    Ask    Two words
    Get Spans Of Request    ${RECEIVER}    ${answer}
    Metrics Should Arrive    ${RECEIVER}    gen_ai.server.request.duration    gen_ai.client.token.usage

A broken trace id is not taken over
    [Tags]    kind:negative
    ${exchange} =    Send Payload    plain.json    headers=traceparent: 00-${NO_TRACE}-1111111111111111-01
    ${span}    ${_} =    Get Spans Of Request    ${RECEIVER}    ${exchange}    attempts=1
    Get Field    ${span}    trace_id    !=    ${NO_TRACE}
    Get Field    ${span}    parent_id    ==    ${EMPTY}
