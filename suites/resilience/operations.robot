*** Settings ***
Documentation       Text completions and embeddings get what chat gets: retries, fallback, ledger and metrics.

Resource            ../../resources/resilience.resource
Library             keywords.client.completions.CompletionsLibrary
Library             keywords.client.embeddings.EmbeddingsLibrary
Library             keywords.gateway.ledger.LedgerLibrary
Library             keywords.gateway.metrics.MetricsLibrary

Suite Setup         Open Gateway Before Two Backends
Test Setup          Script Answer    ${FIRST}

Test Tags           req:OPER-003    needs:scripted-backend


*** Test Cases ***
A text completion is repeated after a failure that may pass
    [Tags]    kind:reliability
    ${failure} =    Script Refusal    ${FIRST}    503
    ${success} =    Script Answer    ${FIRST}
    Script Sequence    ${FIRST}    ${failure}    ${success}
    ${answer} =    Ask For Completion    Once
    Get Header    ${answer}    x-gateway-backend    ==    first
    Get Header    ${answer}    x-gateway-attempts    ==    2

A stream of a text completion goes to the next backend
    [Tags]    kind:reliability
    Script Refusal    ${FIRST}    503
    ${stream} =    Stream Completion    Once
    Text Stream Should Be Closed Properly    ${stream}
    Get Header    ${stream}    x-gateway-backend    ==    second

A request for embeddings goes to the next backend
    [Tags]    kind:reliability
    Script Refusal    ${FIRST}    503
    ${vectors} =    Ask For Embeddings    Once
    Get Header    ${vectors.exchange}    x-gateway-backend    ==    second
    Get Header    ${vectors.exchange}    x-gateway-attempts    ==    3

A text completion stands in the ledger with its tokens and their price
    [Tags]    kind:functional
    ${answer} =    Ask For Completion    Two words    and three more
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${answer}
    Get Field    ${entry}    path    ==    /v1/completions
    Get Field    ${entry}    prompt_tokens    ==    5
    Get Field    ${entry}    completion_tokens    ==    10
    Get Field    ${entry}    tokens_source    ==    backend
    Get Request Cost    ${entry}    ==    0.000025

A request for embeddings stands in the ledger with its tokens and their price
    [Tags]    kind:functional
    ${vectors} =    Ask For Embeddings    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${vectors.exchange}
    Get Field    ${entry}    path    ==    /v1/embeddings
    Get Field    ${entry}    prompt_tokens    ==    2
    Get Field    ${entry}    completion_tokens    ==    0
    Get Request Cost    ${entry}    ==    0.000002

Metrics tell the operations apart
    [Tags]    kind:functional
    ${before} =    Get Metric    gen_ai_client_token_usage_sum    labels=gen_ai_operation_name=text_completion
    Ask For Completion    Two words
    Ask For Embeddings    Two words
    # Two words in, five chunks out.
    Get Metric Growth    gen_ai_client_token_usage_sum    ${before}    ==    7
    ...    labels=gen_ai_operation_name=text_completion
    Get Metric    gen_ai_server_request_duration_seconds_count    >    0    labels=gen_ai_operation_name=embeddings

The request's own id comes back
    [Tags]    kind:functional
    ${exchange} =    Send Raw    POST    /v1/embeddings    {"model": "scripted", "input": "a"}
    ...    Content-Type: application/json    x-request-id: mine-1
    Get Header    ${exchange}    x-request-id    ==    mine-1
    Get Header    ${exchange}    x-gateway-model    ==    scripted


*** Keywords ***
Open Gateway Before Two Backends
    [Documentation]    A gateway with a ledger and prices that retries once, and then falls back to the second backend.
    ${first} =    Start Scripted Backend
    ${second} =    Start Scripted Backend
    ${config} =    Write Route Config    ${first}    ${second}    retries=attempts=2 base_s=0.01
    ${ledger} =    Add Ledger To Config    ${config}    input_price=1    output_price=2
    ${gateway} =    Start Gateway    config=${config}
    VAR    ${FIRST}    ${first}    scope=SUITE
    VAR    ${LEDGER}    ${ledger}    scope=SUITE
    Let Suite Speak To    ${gateway}    scripted
