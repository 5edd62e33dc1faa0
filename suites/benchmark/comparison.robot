*** Settings ***
Documentation       Two servers, or two stored series of load runs, are compared with a verdict that may be "nobody can
...                 tell". A gate that cannot fail proves nothing, so the second series is planted slower.

Resource            ../../resources/load.resource
Library             keywords.measure.load.command.LoadCommandLibrary
Library             keywords.measure.load.in_turns.LoadInTurnsLibrary
Library             keywords.measure.load.planted.PlantedSeriesLibrary

Suite Setup         Plant Series

Test Tags           needs:scripted-backend


*** Test Cases ***
A series that is slower fails
    [Tags]    req:BENCH-040    kind:negative
    ${found} =    Compare Stored Loads    ${STORE}    before    slower
    Command Should Say    ${found}    SLOWER    e2e_p50 +20

A series that is as fast passes
    [Tags]    req:BENCH-040    kind:functional
    ${found} =    Compare Stored Loads    ${STORE}    before    again
    Command Should Say    ${found}    SAME

Fewer than five load runs a side tell nothing
    [Tags]    req:BENCH-041    kind:functional
    ${found} =    Compare Stored Loads    ${STORE}    before    few
    Command Should Say    ${found}    INCONCLUSIVE    4 of the 5 runs a side

Load runs that sent different things have no verdict
    [Tags]    req:BENCH-041    kind:functional
    ${found} =    Compare Stored Loads    ${STORE}    before    other
    Command Should Say    ${found}    NO VERDICT    they sent different things

An INVALID load run takes the verdict
    [Tags]    req:BENCH-041    kind:functional
    ${found} =    Compare Stored Loads    ${STORE}    before    late
    Command Should Say    ${found}    NO VERDICT    is INVALID: requests were sent late

A server that is slower fails when both are measured in turns
    [Tags]    req:BENCH-040    kind:negative    needs:quiet-machine    nightly
    ${load} =    Measure In Turns By Command    first_delay=60 ms    chunk_delay=6 ms
    Load Command Should Say    ${load}    SLOWER

A server is not different from one that is its equal
    [Tags]    req:BENCH-040    kind:functional    nightly    needs:quiet-machine
    ${load} =    Measure In Turns By Command    first_delay=40 ms    chunk_delay=4 ms
    Load Command Should Say    ${load}    SAME    INCONCLUSIVE


*** Keywords ***
Plant Series
    [Documentation]    Five stored series, held against the first one.
    ${store} =    Plant Load Series    before    e2e=200 ms
    Plant Load Series    slower    e2e=240 ms    into=${store}
    Plant Load Series    again    e2e=201 ms    into=${store}
    Plant Load Series    few    e2e=400 ms    runs=4    into=${store}
    Plant Load Series    other    e2e=200 ms    prompt=Count to ten.    into=${store}
    Plant Load Series    late    e2e=200 ms    invalid_because=requests were sent late    into=${store}
    VAR    ${STORE}    ${store}    scope=SUITE

Measure In Turns By Command
    [Documentation]    Five rounds of a backend whose answers take 80 ms, and of one with these delays.
    [Arguments]    &{delays: str}
    ${old} =    Start Scripted Backend
    ${new} =    Start Scripted Backend
    Script Answer    ${old}    count=10    first_delay=40 ms    chunk_delay=4 ms
    Script Answer    ${new}    count=10    &{delays}
    ${load} =    Run Load Command    ${new.url}    --against    ${old.url}    --rounds    5    --users    4
    ...    --for    500ms    --prompt    Hello.
    RETURN    ${load}
