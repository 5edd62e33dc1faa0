*** Settings ***
Documentation       Proxies of hallucination measure whether the model is consistent, not whether it is right. So each
...                 is tabulated with correctness; what no proxy finds is consistent and wrong.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.consistency.ConsistencyLibrary
Library             keywords.evaluation.sets.EvaluationLibrary

Test Tags           kind:functional    req:EVAL-006    nightly


*** Test Cases ***
Few answers are consistent and wrong
    ${greedy} =    Evaluate Set    short-facts
    ${drawn} =    Evaluate Set    short-facts    temperature=1    draws=5    seed=1
    ${table} =    Tabulate Consistency    ${greedy}    ${drawn}
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}

Wrong answers vary when they are drawn again
    [Documentation]    The control: a proxy that calls every answer consistent could pass the row above.
    ${greedy} =    Evaluate Set    short-facts
    ${drawn} =    Evaluate Set    short-facts    temperature=1    draws=5    seed=1
    ${table} =    Tabulate Consistency    ${greedy}    ${drawn}
    Get Table Cell    ${table}    varying and wrong    >=    1

What the model says of its own claims is tabulated
    ${greedy} =    Evaluate Set    short-facts
    ${table} =    Tabulate Self Ask    ${greedy}
    Get Table Cell    ${table}    consistent and wrong    <=    ${CONSISTENT_AND_WRONG_MAX}
