*** Settings ***
Documentation       One replica against two, behind the same gateway and under the same users. Each replica answers two
...                 requests at a time, as a small model server does.

Resource            ../../resources/load.resource

Test Tags           req:BENCH-008    kind:performance    needs:scripted-backend    nightly


*** Test Cases ***
Two replicas answer nearly twice as much as one
    ${one} =    Load One Replica
    ${two} =    Load Two Replicas
    Get Throughput Ratio    ${two}    ${one}    >    ${REPLICA_SCALING_MIN}

Two replicas share the requests
    Load Two Replicas
    Get Request Count    ${FIRST}    >    ${REPLICA_REQUESTS_MIN}
    Get Request Count    ${SECOND}    >    ${REPLICA_REQUESTS_MIN}


*** Keywords ***
Load One Replica
    [Documentation]    Eight users for three seconds.
    ${only} =    Start Paced Backend    slots=2
    Open Gateway Before Route    ${only}
    ${run} =    Run Load    users=8    duration=3 s
    RETURN    ${run}

Load Two Replicas
    [Documentation]    The same eight users.
    ${one} =    Start Paced Backend    slots=2
    ${other} =    Start Paced Backend    slots=2
    VAR    ${FIRST}    ${one}    scope=TEST
    VAR    ${SECOND}    ${other}    scope=TEST
    Open Gateway Before Route    ${one}    ${other}    weights=1 1
    ${run} =    Run Load    users=8    duration=3 s
    RETURN    ${run}
