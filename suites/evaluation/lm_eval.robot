*** Settings ***
Documentation       Our evaluation beside lm-evaluation-harness: the same messages, answers and marks; and two failures
...                 that it does not show. `tox run -e lm-eval` has it; elsewhere these rows are skipped.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.harnesses.HarnessesLibrary
Library             keywords.evaluation.sets.EvaluationLibrary

Test Timeout        10 minutes

Test Tags           kind:functional    req:EVAL-007    needs:lm-eval    nightly


*** Test Cases ***
Asked by lm-eval, the model gives the same answers and gets the same marks
    ${theirs} =    Run Lm Eval    short-facts
    ${imported} =    Import Harness Run    ${theirs}
    ${ours} =    Run Evaluation    short-facts    concurrency=1
    Every Item Should Be Answered    ${ours}
    ${found} =    Compare Evaluations    ${ours}    ${imported}
    Get Changed Items    ${found}    identical    ==    20
    Get Differing Marks    ${theirs}    ${imported}    ==    0

An error body with a good status is a wrong answer to lm-eval and a transport error to us
    [Tags]    needs:scripted-backend    kind:negative
    ${backend} =    Start Scripted Backend
    Script Refusal    ${backend}    201
    ${theirs} =    Run Lm Eval    short-facts    limit=5    at=${backend.url}
    ${ours} =    Run Evaluation    short-facts    limit=5    at=${backend.url}
    Get Harness Correct Count    ${theirs}    ==    0
    Get Outcome Count    ${ours}    transport error    ==    5
    Get Outcome Count    ${ours}    wrong    ==    0

Its cache answers for a server that is gone
    [Tags]    needs:scripted-backend    kind:negative
    ${backend} =    Start Scripted Backend
    Script Answer    ${backend}    Paris
    ${before} =    Run Lm Eval    short-facts    limit=5    at=${backend.url}    cache=ours
    ${after} =    Run Lm Eval    short-facts    limit=5    at=http://127.0.0.1:9    cache=ours
    ${ours} =    Run Evaluation    short-facts    limit=5    at=http://127.0.0.1:9
    Get Harness Correct Count    ${before}    ==    1
    Get Harness Correct Count    ${after}    ==    1
    Get Outcome Count    ${ours}    transport error    ==    5
