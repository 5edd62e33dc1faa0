*** Settings ***
Documentation       Proxies of hallucination measure whether the model is consistent, not whether it is right. So each
...                 is tabulated with correctness; what no proxy finds is consistent and wrong.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.consistency.ConsistencyLibrary
Library             keywords.evaluation.self_ask.SelfAskLibrary
Library             keywords.evaluation.sets.EvaluationLibrary

Suite Setup         Draw Answers
Test Timeout        10 minutes

Test Tags           kind:functional    req:EVAL-006    nightly


*** Test Cases ***
Few answers are consistent and wrong
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}

Few answers are consistent and wrong by the entropy of their draws
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}    by=entropy
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}

Few answers are consistent and wrong by the words that their draws share with them
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}    by=agreement
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}

Each proxy finds both right answers that are consistent and wrong ones that vary
    [Documentation]    The control: a proxy that takes all answers for varying would pass the rows above.
    [Template]    Proxy Should Tell Answers Apart
    majority
    entropy
    agreement

Few of the model's wrong claims are stood by
    [Documentation]    Says nothing of a model that stands by known wrong claims as often as by right ones; the embedded
    ...                one says no to all of them.
    [Tags]    req:EVAL-031    -req:EVAL-006
    ${known} =    Ask About Known Claims    ${GREEDY}
    Claims Should Be Told Apart    ${known}
    ${table} =    Tabulate Self Ask    ${GREEDY}
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}


*** Keywords ***
Draw Answers
    [Documentation]    Ask the same questions once at temperature 0, and five times at 1, for all rows.
    ${greedy} =    Run Evaluation    short-facts
    ${drawn} =    Run Evaluation    short-facts    temperature=1    draws=5    seed=1
    Every Item Should Be Answered    ${greedy}
    Every Item Should Be Answered    ${drawn}
    VAR    ${GREEDY}    ${greedy}    scope=SUITE
    VAR    ${DRAWN}    ${drawn}    scope=SUITE

Proxy Should Tell Answers Apart
    [Documentation]    Some right answers are consistent by it, and some wrong ones vary.
    [Arguments]    ${proxy: str}
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}    by=${proxy}
    Get Table Cell    ${table}    consistent and right    >=    1
    Get Table Cell    ${table}    varying and wrong    >=    1
