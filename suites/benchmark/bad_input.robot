*** Settings ***
Documentation       `qa load` says in one sentence why it sends no load, and which part of the input to change.

Resource            ../../resources/load.resource
Library             keywords.measure.load.command.LoadCommandLibrary

Suite Setup         Start Server For Cases
Test Setup          Script Answer    ${BACKEND}
Test Template       Load Should Be Refused

Test Tags           req:BENCH-015    kind:negative    needs:scripted-backend


*** Test Cases ***    MESSAGE    SERVER    INPUT
A rate of 0 is refused
    --rate has 0, which never sends a request    ${BACKEND.url}    --rate    0
A misspelt field of a workload is refused with its line
    misspelt_field.yaml:5: mix[0].max_tokns is no field of a workload; did you mean max_tokens?
    ...    ${BACKEND.url}    --workload    ${FAULTY_WORKLOADS}/misspelt_field.yaml
A model that is not there is refused with the nearest one
    has no model 'scriptd' (did you mean scripted?)    ${BACKEND.url}    --model    scriptd
Stages that are no list are refused
    [Tags]    nightly
    --users has 'many', which is no whole number; write a list such as 1,10,20    ${BACKEND.url}    --users    many
A duration without a unit is refused
    [Tags]    nightly
    --for is '30', without a unit; write a number with its unit    ${BACKEND.url}    --for    30
A service level without a unit is refused
    [Tags]    nightly
    'ttft_p95 < 500': the limit is '500', without a unit    ${BACKEND.url}    --slo    ttft_p95 < 500
A server that is not there is refused
    [Tags]    nightly
    No server answers at http://127.0.0.1:9 within    http://127.0.0.1:9    --for    1s
An address that is none is refused
    [Tags]    nightly
    The address 'localhost' is none; write it with its scheme    localhost    --for    1s
A server that refuses the key is named
    [Tags]    nightly
    [Setup]    Script Refusal    ${BACKEND}    401
    is refused for its key (401). Give a valid key in GATEWAY_API_KEY.    ${BACKEND.url}    --for    1s


*** Keywords ***
Load Should Be Refused
    [Documentation]    The command says so, with the exit code for no verdict, and sends no load.
    [Arguments]    ${message: str}    ${server: str}    @{input: str}
    ${sent} =    Get Request Count    ${BACKEND}
    ${load} =    Run Load Command    ${server}    @{input}
    Get Exit Code    ${load}    ==    2
    Get Output    ${load}    stderr    contains    ${message}
    Get Output    ${load}    stderr    not contains    Traceback
    Get Request Count Growth    ${BACKEND}    ${sent}    <=    ${PREFLIGHT_REQUESTS_MAX}
