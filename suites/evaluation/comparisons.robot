*** Settings ***
Documentation       Two runs of the same items are compared item by item, by the exact McNemar test. A drop fails a row
...                 only if it is beyond the limit and no accident; where the items cannot tell, the row says so.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.sets.EvaluationLibrary
Library             keywords.gateway.bare_backend.BareBackendLibrary

Test Timeout        10 minutes

Test Tags           kind:functional    nightly


*** Test Cases ***
Temperature 1 costs no more right answers than accepted
    [Tags]    req:EVAL-004
    ${greedy} =    Run Evaluation    short-facts
    ${drawn} =    Run Evaluation    short-facts    temperature=1    seed=1    draws=3
    Every Item Should Be Answered    ${greedy}
    Every Item Should Be Answered    ${drawn}
    ${found} =    Compare Evaluations    ${greedy}    ${drawn}
    Score Should Not Drop    ${found}    ${TEMPERATURE_DROP_MAX}

The same seeds give the same answers
    [Tags]    req:EVAL-004
    ${first} =    Run Evaluation    copying    temperature=1    seed=7    concurrency=1
    ${second} =    Run Evaluation    copying    temperature=1    seed=7    concurrency=1
    Every Item Should Be Answered    ${first}
    Every Item Should Be Answered    ${second}
    ${found} =    Compare Evaluations    ${first}    ${second}
    Get Changed Items    ${found}    identical    ==    20

Different seeds change answers
    [Documentation]    The control: a server that ignores seed and temperature passes the row above.
    [Tags]    req:EVAL-004
    ${drawn} =    Run Evaluation    copying    temperature=1    seed=1    draws=3
    Every Item Should Be Answered    ${drawn}
    Get Unchanging Items    ${drawn}    <    20

The gateway answers as its bare backend does, one request at a time
    [Tags]    req:EVAL-005    needs:own-gateway
    ${bare} =    Get Model Address
    ${behind} =    Run Evaluation    short-facts    concurrency=1    extra=${UNCACHED}
    ${before} =    Run Evaluation    short-facts    concurrency=1    extra=${UNCACHED}    at=${bare}
    Every Item Should Be Answered    ${before}
    Every Item Should Be Answered    ${behind}
    ${found} =    Compare Evaluations    ${before}    ${behind}
    Get Changed Items    ${found}    identical    ==    20

The gateway costs its backend no right answers under load
    [Tags]    req:EVAL-005    needs:own-gateway
    ${bare} =    Get Model Address
    ${behind} =    Run Evaluation    short-facts    concurrency=8
    ${before} =    Run Evaluation    short-facts    concurrency=8    at=${bare}
    Every Item Should Be Answered    ${before}
    Every Item Should Be Answered    ${behind}
    ${found} =    Compare Evaluations    ${before}    ${behind}
    Score Should Not Drop    ${found}    ${GATEWAY_DROP_MAX}
