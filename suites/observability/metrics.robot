*** Settings ***
Documentation       The metrics show numbers, durations and errors of requests, under the names of the convention for
...                 generative AI, and never who asked what.

Resource            ../../resources/observability.resource
Library             keywords.gateway.services.ServicesLibrary

Suite Setup         Start Observed Gateway
Test Setup          Open Observed Gateway

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
The page has the convention's names
    [Tags]    req:OBSV-009
    Stream Chat    Two words
    Metric Names Should Include
    ...    gen_ai_server_request_duration_seconds_bucket
    ...    gen_ai_server_time_to_first_token_seconds_bucket
    ...    gen_ai_client_token_usage_bucket

A refusal is counted under its code
    [Tags]    req:OBSV-009    kind:negative
    ${before} =    Get Metric    gateway_errors_total    labels=code=invalid_api_key
    Send Payload    plain.json    api_key=qa-not-the-key
    Get Metric Growth    gateway_errors_total    ${before}    ==    1    labels=code=invalid_api_key

Unknown models, addresses and keys make no series of their own
    [Tags]    req:OBSV-010    kind:security
    Refuse Three Kinds Of Requests    first
    ${before} =    Get Metric Series
    Refuse Three Kinds Of Requests    second
    Metric Series Should Still Be    ${before}

Nothing is in flight when all is answered
    [Tags]    req:OBSV-009
    Ask Together    Hello.    times=8
    Metrics Should Add Up To    0    gateway_requests_in_flight

A real Prometheus scrapes the page and answers queries about it
    [Tags]    req:OBSV-011    needs:prometheus
    [Setup]    Open Fresh Observed Gateway
    Ask    Two words
    Ask    Two words
    ${prometheus} =    Start Prometheus    ${GATEWAY_URL}
    Get Query Result    ${prometheus}    sum(gateway_requests_total{status_class="2xx"})    ==    2
    Get Query Result
    ...    ${prometheus}
    ...    sum(gen_ai_client_token_usage_sum{gen_ai_token_type="output"})
    ...    ==
    ...    10
    Get Query Result
    ...    ${prometheus}
    ...    histogram_quantile(0.5, sum by (le) (gen_ai_server_request_duration_seconds_bucket))
    ...    <
    ...    ${SCRIPTED_ANSWER_P50_S}


*** Keywords ***
Refuse Three Kinds Of Requests
    [Documentation]    An unknown model, an unknown address and an unknown key, each with a different word.
    [Arguments]    ${word: str}
    ${unknown_model} =    Send Chat    model=${word}
    ${unknown_address} =    Send Raw    GET    /v1/${word}
    ${unknown_key} =    Send Payload    plain.json    api_key=qa-${word}
    Get Status    ${unknown_model}    ==    404
    Get Status    ${unknown_address}    ==    404
    Get Status    ${unknown_key}    ==    401
