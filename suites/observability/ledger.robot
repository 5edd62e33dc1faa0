*** Settings ***
Documentation       The ledger holds the attempts of every request, their reasons and their cost.

Resource            ../../resources/observability.resource
Library             keywords.client.disconnect.DisconnectLibrary

Suite Setup         Start Observed Gateway
Test Setup          Open Observed Gateway

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
A request stands in the ledger with the backend's own count of its tokens, and their price
    [Tags]    req:OBSV-001
    ${answer} =    Ask    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${answer}
    Get Field    ${entry}    status    ==    200
    Get Field    ${entry}    tokens_source    ==    backend
    Get Field    ${entry}    prompt_tokens    ==    2
    Get Field    ${entry}    completion_tokens    ==    5
    Get Request Cost    ${entry}    ==    0.000012

A stream stands in the ledger with the count at its end
    [Tags]    req:OBSV-001
    ${stream} =    Stream Chat    Two words    include_usage=True
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${stream}
    Get Field    ${entry}    tokens_source    ==    backend
    Get Field    ${entry}    completion_tokens    ==    5

A stream without a count is estimated, and the ledger says so
    [Tags]    req:OBSV-002
    ${stream} =    Stream Chat    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${stream}
    Get Field    ${entry}    tokens_source    ==    estimate
    Get Field    ${entry}    completion_tokens    ==    5

A stream that its client left is accounted as cancelled, its tokens estimated
    [Tags]    req:OBSV-002    kind:reliability
    Script Answer    ${BACKEND}    count=100    hold_after=${LEFT_AFTER_WORDS}
    ${departure} =    Stream And Leave    Two words    events=5
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${departure.request_id}
    Get Field    ${entry}    status    ==    499
    Get Field    ${entry}    attempts[0][outcome]    ==    cancelled
    Get Field    ${entry}    tokens_source    ==    estimate
    Get Completion Tokens    ${entry}    >=    ${LEFT_SCRIPTED_TOKENS_MIN}
    Get Completion Tokens    ${entry}    <=    ${LEFT_SCRIPTED_TOKENS_MAX}

A failed attempt stands in the ledger with its status and reason
    [Tags]    req:OBSV-003    kind:negative
    Script Refusal    ${BACKEND}    400
    ${exchange} =    Send Payload    plain.json
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${exchange}
    Get Number Of    attempts    ${entry.attempts}    ==    1
    Get Field    ${entry}    attempts[0][backend]    ==    scripted
    Get Field    ${entry}    attempts[0][status]    ==    400
    Get Field    ${entry}    attempts[0][outcome]    ==    failed
    Get Field    ${entry}    prompt_tokens    ==    null

A refused request stands in the ledger with the reason, and without an attempt
    [Tags]    req:OBSV-003    kind:negative
    ${exchange} =    Send Chat    temperature=9
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${exchange}
    Get Field    ${entry}    status    ==    400
    Get Field    ${entry}    code    ==    decimal_above_max_value
    Get Number Of    attempts    ${entry.attempts}    ==    0

Waiting for a backend is not the gateway's own time
    [Tags]    req:OBSV-004
    Script Answer    ${BACKEND}    first_delay=${BACKEND_WAIT_MS} ms
    ${answer} =    Ask    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${answer}
    Get Waiting Time    ${entry}    >=    ${BACKEND_WAIT_MS}

Waiting for the chunks of a stream is not the gateway's own time
    [Tags]    req:OBSV-004
    Script Answer    ${BACKEND}    count=2    chunk_delay=${BACKEND_WAIT_MS} ms
    ${stream} =    Stream Chat    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${stream}
    Get Waiting Time    ${entry}    >=    ${BACKEND_WAITS_MS}

The ledger's summary counts and prices what stands in it
    [Tags]    req:OBSV-005
    [Setup]    Open Fresh Observed Gateway
    ${answer} =    Ask    Two words
    Get Ledger Entry    ${LEDGER}    ${answer}
    ${command} =    Run Gateway Command    ledger    summary    --file    ${LEDGER}
    Get Exit Code    ${command}    ==    0
    Get Output    ${command}    stdout    matches    scripted\\t1\\t0\\t0\\t2\\t5\\t0\\t0.000012

The ledger's tail names a request and its attempts
    [Tags]    req:OBSV-005
    ${answer} =    Ask    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${answer}
    ${command} =    Run Gateway Command    ledger    tail    --file    ${LEDGER}
    Get Exit Code    ${command}    ==    0
    Get Output    ${command}    stdout    contains    ${entry.id}
    Get Output    ${command}    stdout    contains    scripted answered
