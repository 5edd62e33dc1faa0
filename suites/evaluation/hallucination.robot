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

By their entropy, few draws are consistent and wrong
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}    by=entropy
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}
    Get Table Cell    ${table}    varying and wrong    >=    1

By the words that they share with the greedy answer, few draws are consistent and wrong
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}    by=agreement
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}
    Get Table Cell    ${table}    varying and wrong    >=    1

Wrong answers vary when they are drawn again
    [Documentation]    The control: a proxy that calls every answer consistent could pass the row above.
    ${table} =    Tabulate Consistency    ${GREEDY}    ${DRAWN}
    Get Table Cell    ${table}    varying and wrong    >=    1

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
