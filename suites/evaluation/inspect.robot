*** Settings ***
Documentation       Our evaluation beside Inspect: the same messages, the same answers, the same marks; and a failure
...                 that its exit code does not show. `tox run -e inspect` has it; elsewhere these rows are skipped.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.harnesses.HarnessesLibrary
Library             keywords.evaluation.sets.EvaluationLibrary

Test Timeout        10 minutes

Test Tags           kind:functional    req:EVAL-007    needs:inspect    nightly


*** Test Cases ***
Asked by Inspect, the model gives the same answers and gets the same marks
    ${theirs} =    Run Inspect    short-facts
    ${imported} =    Import Harness Run    ${theirs}
    ${ours} =    Run Evaluation    short-facts    concurrency=1
    Every Item Should Be Answered    ${ours}
    ${found} =    Compare Evaluations    ${ours}    ${imported}
    Get Changed Items    ${found}    identical    ==    20
    Get Differing Marks    ${theirs}    ${imported}    ==    0

A server that fails ends its task, and its exit code says that all is well
    [Tags]    needs:scripted-backend    kind:negative
    ${backend} =    Start Scripted Backend
    Script Refusal    ${backend}    400
    ${theirs} =    Run Inspect    short-facts    limit=5    at=${backend.url}
    ${ours} =    Run Evaluation    short-facts    limit=5    at=${backend.url}
    Get Harness Answer Count    ${theirs}    ==    0
    Get Harness Exit Code    ${theirs}    ==    0
    Get Outcome Count    ${ours}    transport error    ==    5
