*** Settings ***
Documentation       Client, ledger and metrics tell the same of a load run: how many requests, and what they cost.

Resource            ../../resources/load.resource
Resource            ../../resources/observability.resource

Test Setup          Open Fresh Observed Gateway

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
Client, ledger, metrics and backend count the same requests
    [Tags]    req:BENCH-012
    ${run} =    Run Load    users=4    items=40
    Metrics Should Add Up To    40    gateway_ledger_written_total
    ${entries} =    Get Ledger Count    ${LEDGER}
    ${received} =    Get Request Count    ${BACKEND}
    Counts Should Agree    ${run}    ledger=${entries}    backend=${received}

The cost of a load run is what the gateway billed
    [Tags]    req:BENCH-007
    ${run} =    Run Load    users=2    items=20
    Metrics Should Add Up To    20    gateway_requests_total
    ${billed} =    Get Metric    gateway_cost_usd_total
    Get Load Cost    ${run}    ==    ${billed}    input_price=1    output_price=2
