*** Settings ***
Documentation       Workload files say what load runs send: mixes of conversations, their lengths and their turns.

Resource            ../../resources/load.resource

Test Template       Workload Should Be Answered

Test Tags           req:BENCH-016    kind:functional    needs:flood    nightly


*** Test Cases ***    WORKLOAD
Short questions and summaries    short_chat
Questions about long documents    long_context
Conversations of several turns    multi_turn


*** Keywords ***
Workload Should Be Answered
    [Documentation]    Three of its conversations, one after the other.
    [Arguments]    ${workload: str}
    ${run} =    Run Load    users=1    items=3    workload=${WORKLOADS}/${workload}.yaml    timeout=60 s
    Get Error Rate    ${run}    ==    0
