*** Settings ***
Documentation       Pages from the store of measurements, without any server: a run, a series week by week, a choice.

Resource            ../../resources/load.resource
Library             keywords.measure.load.command.LoadCommandLibrary

Suite Setup         Store Synthetic Load Runs

Test Tags           kind:functional    nightly


*** Test Cases ***
A stored load run is reported without its server
    [Tags]    req:BENCH-050
    ${report} =    Run Command On Store    ${STORE}    report    --to    ${OUTPUT_DIR}/load/stored.html
    Get Exit Code    ${report}    ==    0
    Get Output    ${report}    stdout    contains    stored.html

A series is shown week by week
    [Tags]    req:BENCH-052
    ${history} =    Run Command On Store    ${STORE}    load    --history    --name    old
    Get Exit Code    ${history}    ==    0
    Get Output    ${history}    stdout    contains    2 runs of series 'old'

A choice without a score says so
    [Tags]    req:BENCH-053
    ${choice} =    Run Command On Store    ${STORE}    tradeoff    old    new    --to    ${OUTPUT_DIR}/load/choice.html
    Get Exit Code    ${choice}    ==    0
    Get Output    ${choice}    stdout    contains    new: no score yet

The comparison of two series has a page, also where nobody knows what they were sent
    [Tags]    req:BENCH-050
    ${comparison} =    Run Command On Store
    ...    ${STORE}    compare    old    new    --report    ${OUTPUT_DIR}/load/old-new.html
    Get Exit Code    ${comparison}    ==    2
    Get Output    ${comparison}    stderr    contains    old-new.html


*** Keywords ***
Store Synthetic Load Runs
    [Documentation]    Two load runs of each of two series.
    ${store} =    Write Store Of Samples    200    old    old    new    new
    VAR    ${STORE}    ${store}    scope=SUITE
