*** Settings ***
Documentation       A ledger that cannot keep up costs entries, never answers, and it says how many.

Resource            ../../resources/observability.resource

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
What the ledger had no room for is counted in the metrics and told in the log
    [Tags]    req:OBSV-006
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${ledger} =    Add Ledger To Config    ${config}    queue=1
    ${gateway} =    Start Gateway    config=${config}
    Speak To    ${gateway}    scripted
    Ask Together    @{{ ['Hello.'] * 40 }}
    Wait Until Keyword Succeeds    3 s    0.1 s    All Should Be Accounted For    ${ledger}    40


*** Keywords ***
All Should Be Accounted For
    [Documentation]    What is in the ledger and what was dropped make up all requests, and something was dropped.
    [Arguments]    ${ledger: object}    ${requests: int}
    ${dropped} =    Get Metric    gateway_ledger_dropped_total
    ${kept} =    Get Ledger Count    ${ledger}
    Should Be True    0 < ${dropped} < ${requests}
    Should Be Equal As Integers    ${{ $kept + $dropped }}    ${requests}
    ${lines} =    Get Gateway Log Lines    ledger_dropped    ${GATEWAY}
    Should Not Be Empty    ${lines}
