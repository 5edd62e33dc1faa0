*** Settings ***
Documentation       A ledger that cannot keep up drops entries, never delays answers, and counts what it drops.

Resource            ../../resources/observability.resource

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
What the ledger had no room for is counted in the metrics and told in the log
    [Tags]    req:OBSV-006
    ${ledger} =    Open Gateway With A Ledger For One Request
    Ask Together    Hello.    times=40
    Metrics Should Add Up To    40    gateway_ledger_written_total    gateway_ledger_dropped_total
    ${written} =    Get Metric    gateway_ledger_written_total
    Get Ledger Count    ${ledger}    ==    ${written}
    Get Metric    gateway_ledger_dropped_total    >    0
    Get Metric    gateway_ledger_dropped_total    <    40
    Gateway Should Log    ledger_dropped    gateway=${GATEWAY}


*** Keywords ***
Open Gateway With A Ledger For One Request
    [Documentation]    Speak to a gateway whose ledger queues one request at most.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${ledger} =    Add Ledger To Config    ${config}    queue=1
    ${gateway} =    Start Gateway    config=${config}
    Speak To    ${gateway}    scripted
    RETURN    ${ledger}
