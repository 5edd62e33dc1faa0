*** Settings ***
Documentation       May we ship, by the scores of the model: each row has a scripted model evaluated, runs a small
...                 project of `_child/`, and asks for the verdict.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_project.ChildProjectLibrary

Test Tags           kind:functional    req:EVAL-030    needs:scripted-backend


*** Test Cases ***
Scores above their baselines are a GO
    ${decision} =    Decide After Evaluating    unanswerable    answerable
    Get Output    ${decision}    stdout    starts    GO:
    Get Exit Code    ${decision}    ==    0

A score below its baseline is a NO-GO
    [Tags]    kind:negative
    ${decision} =    Decide After Evaluating    unanswerable    answerable    says=Oslo
    Get Output    ${decision}    stdout    contains    unanswerable 0.00, baseline 0.5, BELOW (0 of 10 items
    Get Exit Code    ${decision}    ==    1

A set that was not asked leaves no verdict and is named
    [Tags]    kind:negative
    ${decision} =    Decide After Evaluating    unanswerable
    Get Output    ${decision}    stdout    contains    unanswerable 0.74, baseline 0.5 (10 of 10 items
    Get Output    ${decision}    stdout    contains    `qa eval answerable` does it
    Get Exit Code    ${decision}    ==    2


*** Keywords ***
Decide After Evaluating
    [Documentation]    The verdict of a small project on a model that always says the same to some sets.
    [Arguments]    @{sets: str}    ${says: str}=I don't know.
    ${backend} =    Start Scripted Backend
    Script Answer    ${backend}    ${says}
    ${project} =    Copy Project    scores
    Run In Project    ${project}    qa    eval    @{sets}    --url    ${backend.url}    --model    scripted
    Run In Project    ${project}    robot    -d    results    suites
    ${decision} =    Run In Project    ${project}    qa    summary    --gate
    RETURN    ${decision}
