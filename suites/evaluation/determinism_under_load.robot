*** Settings ***
Documentation       Ten prompts at temperature 0, alone and beside others, from a warm cache and after a restart.
...                 Each answer is compared with the one that the prompt got alone; a row's message says what was found.

Resource            ../../resources/determinism.resource

Suite Setup         Ask Each Prompt Alone
Test Timeout        20 minutes

Test Tags           req:DETM-060    kind:functional    nightly


*** Test Cases ***
One user gets the same answer each time
    Get Differing Answers    ${ALONE}    ==    0
    Get Largest Cached Prompt    ${ALONE}    ==    0

Ten users who ask the same get few different answers
    [Tags]    needs:flood
    ${cell} =    Ask Together With    10    ${ALONE}
    Get Distinct Completion Rate    ${cell}    <=    ${DISTINCT_RATE_10_USERS_MAX}

Twenty users who ask the same get few different answers
    [Tags]    needs:flood
    ${cell} =    Ask Together With    20    ${ALONE}
    Get Distinct Completion Rate    ${cell}    <=    ${DISTINCT_RATE_20_USERS_MAX}

Twenty users who ask different things get few different answers
    [Tags]    needs:flood
    ${cell} =    Ask Together With    20    ${ALONE}    mixed=True
    Get Distinct Completion Rate    ${cell}    <=    ${DISTINCT_RATE_20_USERS_MAX}

A warm cache of prompts changes few answers
    [Documentation]    The second answer to each prompt comes from a warm cache.
    [Tags]    needs:own-gateway    needs:embedded-model
    ${gateway} =    Start Gateway    config=${CONFIGURATIONS}/warm_cache.toml
    Speak To    ${gateway}    smollm2-135m-instruct
    ${cell} =    Ask Alone    2    ${ALONE}    a cold cache, then a warm one
    Get Largest Cached Prompt    ${cell}    >    0
    Get Differing Answers    ${cell}    <=    ${WARM_CACHE_DIFFERING_MAX}

A restart changes no answer
    [Tags]    needs:own-gateway    needs:embedded-model
    ${gateway} =    Start Gateway
    Speak To    ${gateway}    smollm2-135m-instruct
    ${cell} =    Ask Alone    1    ${ALONE}    after a restart
    Get Differing Answers    ${cell}    ==    0


*** Keywords ***
Ask Each Prompt Alone
    [Documentation]    What all other answers are compared with.
    ${cell} =    Ask Alone
    VAR    ${ALONE}    ${cell}    scope=SUITE
