*** Settings ***
Documentation       One against two: backends behind one gateway, and workers of one gateway. Both are measured in
...                 turns, so the scaling efficiency has an interval: 1 is twice as much, one half no more than before.

Resource            ../../resources/load.resource
Library             keywords.measure.load.in_turns.LoadInTurnsLibrary

Test Timeout        5 minutes

Test Tags           req:BENCH-042    kind:performance    needs:scripted-backend    needs:quiet-machine    nightly


*** Test Cases ***
Two backends of two slots answer nearly twice as much as one
    ${alone} =    Start Paced Backend    slots=2
    ${left} =    Start Paced Backend    slots=2
    ${right} =    Start Paced Backend    slots=2
    ${one} =    Start Gateway Before    ${alone}
    ${two} =    Start Gateway Before    ${left}    ${right}    weights=1 1
    ${found} =    Measure In Turns    ${one}    ${two}    rounds=6    users=8    duration=1500 ms
    Get Scaling Efficiency    ${found}    2    >    ${SCALING_BACKENDS_MIN}

Two workers answer no less than one
    [Documentation]    With a core for each worker and others for client and backend, they answer more.
    ${one} =    Start Gateway With Workers    1
    ${two} =    Start Gateway With Workers    2
    ${found} =    Measure In Turns    ${one}    ${two}    rounds=6    users=4    duration=1500 ms
    Get Scaling Efficiency    ${found}    2    >    ${SCALING_WORKERS_MIN}


*** Keywords ***
Start Gateway Before
    [Documentation]    A gateway whose model routes to these backends.
    [Arguments]    @{backends: object}    &{rules: object}
    ${config} =    Write Route Config    @{backends}    &{rules}
    ${gateway} =    Start Gateway    config=${config}
    RETURN    ${gateway}

Start Gateway With Workers
    [Documentation]    A gateway of so many processes before a backend that answers at once.
    [Arguments]    ${workers: str}
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    Add To Gateway Config    ${config}    server    workers=${workers}
    ${gateway} =    Start Gateway    config=${config}
    RETURN    ${gateway}
