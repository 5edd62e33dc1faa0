*** Settings ***
Documentation       Header, log, ledger, metrics and trace report the same duration, tokens and cost of a request.

Resource            ../../resources/observability.resource
Library             keywords.gateway.agreement.AgreementLibrary

Test Setup          Open Fresh Observed Gateway

Test Tags           req:OBSV-007    kind:functional    needs:scripted-backend


*** Test Cases ***
Header, log, ledger, metrics and trace tell the same of one request
    ${answer} =    Ask    Two words
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${answer}
    Numbers In The Headers Should Be    ${answer}    ${entry}
    Numbers In The Log Should Be    ${entry}
    Numbers In The Metrics Should Be    ${entry}
    Numbers In The Trace Should Be    ${answer}    ${entry}

Log, ledger, metrics and trace tell the same of one stream
    ${stream} =    Stream Chat    Two words    include_usage=True
    ${entry} =    Get Ledger Entry    ${LEDGER}    ${stream}
    Numbers In The Log Should Be    ${entry}
    Numbers In The Metrics Should Be    ${entry}
    Numbers In The Trace Should Be    ${stream}    ${entry}


*** Keywords ***
Numbers In The Headers Should Be
    [Documentation]    The answer's headers agree with the ledger.
    [Arguments]    ${answer: object}    ${entry: object}
    ${ms} =    Get Header    ${answer}    x-gateway-time-ms
    Ledger Should Agree On Gateway Time    ${entry}    the header    ${ms}    ms
    ${cost} =    Get Header    ${answer}    x-gateway-cost-usd
    Ledger Should Agree On Cost    ${entry}    the header    ${cost}
    Get Header    ${answer}    x-gateway-attempts    ==    1

Numbers In The Log Should Be
    [Documentation]    The log line agrees with the ledger.
    [Arguments]    ${entry: object}
    ${line} =    Get Log Entry    ${entry.id}    ${GATEWAY}
    Ledger Should Agree On Fields    ${entry}    the log    ${line}
    ...    status    model    backend    key_id    prompt_tokens    completion_tokens    tokens_source
    ...    attempts[0].duration_ms
    Ledger Should Agree On Gateway Time    ${entry}    the log    ${line.gateway_ms}    ms
    Ledger Should Agree On Duration    ${entry}    the log    ${line.duration_ms}    ms
    Ledger Should Agree On Cost    ${entry}    the log    ${line.cost_usd}

Numbers In The Metrics Should Be
    [Documentation]    The gateway's only request, in the sums of its metrics.
    [Arguments]    ${entry: object}
    ${gateway_s} =    Get Metric    gateway_time_seconds_sum
    Ledger Should Agree On Gateway Time    ${entry}    the metrics    ${gateway_s}    s
    ${duration_s} =    Get Metric    gen_ai_server_request_duration_seconds_sum
    Ledger Should Agree On Duration    ${entry}    the metrics    ${duration_s}    s    rounded_to_us=True
    Get Metric    gen_ai_client_token_usage_sum    ==    ${entry.completion_tokens}
    ...    labels=gen_ai_token_type=output gateway_token_source=${entry.tokens_source}
    ${cost} =    Get Metric    gateway_cost_usd_total
    Ledger Should Agree On Cost    ${entry}    the metrics    ${cost}
    Get Metric    gateway_attempts_total    ==    1    labels=outcome=answered

Numbers In The Trace Should Be
    [Documentation]    The request's span agrees with the ledger.
    [Arguments]    ${answer: object}    ${entry: object}
    ${span}    ${_} =    Get Spans Of Request    ${RECEIVER}    ${answer}    attempts=1
    Get Field    ${span}    attributes[gateway.time_us]    ==    ${entry.gateway_us}
    ${cost} =    Get Field    ${span}    attributes[gateway.cost_usd]
    Ledger Should Agree On Cost    ${entry}    the trace    ${cost}
    Get Field    ${span}    attributes[gen_ai.usage.input_tokens]    ==    ${entry.prompt_tokens}
    Get Field    ${span}    attributes[gen_ai.usage.output_tokens]    ==    ${entry.completion_tokens}
    Get Field    ${span}    attributes[gateway.tokens_source]    ==    ${entry.tokens_source}
