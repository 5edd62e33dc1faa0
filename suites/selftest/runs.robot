*** Settings ***
Documentation       What a run refuses, and what it counts. Small suites of `_child/` run in separate runs, attached to
...                 the target.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary

Suite Setup         Run Rows Of Every Kind

Test Tags           kind:negative


*** Test Cases ***
A row whose evidence cannot be written fails
    [Tags]    req:SELF-012
    Get Row Status    ${child}    A row takes away the folder of evidence    ==    FAIL
    Get Row Message    ${child}    A row takes away the folder of evidence    contains    left no evidence

No row runs after evidence could not be written
    [Tags]    req:SELF-012
    Get Row Status    ${CHILD}    A row comes after it    ==    NOT RUN

A dry run proves nothing
    [Tags]    req:SELF-013
    ${child} =    Run Child    failing.robot    --dryrun
    Get Row Status    ${child}    An answer that nobody gives is expected    ==    NOT RUN

A failed row stays failed whatever its message says
    [Tags]    req:SELF-014
    Get Row Status    ${CHILD}    A message that begins like a refused run    ==    FAIL

A row that changes its tags keeps its requirement
    [Tags]    req:SELF-014
    Get Row Requirement    ${CHILD}    A row that takes its requirement away    ==    SELF-014

A second run in the folder of another one stops
    [Tags]    req:SELF-015
    ${child} =    Run Child    second_run.robot
    Get Row Status    ${child}    The folder of this run is refused to another one    ==    PASS

A run whose target does not answer says so once
    [Tags]    req:SELF-016
    ${child} =    Run Child    misleading.robot    -v    GATEWAY_URL:http://127.0.0.1:9
    Get Count In Output    ${child}    stdout    No server answers at http://127.0.0.1:9    ==    1

A variable one slip away from a known one is refused
    [Tags]    req:SELF-017
    ${child} =    Run Child    failing.robot    -v    GATEWAY_ULR:http://127.0.0.1:9
    Get Row Message    ${child}    An answer that nobody gives is expected    contains    did you mean GATEWAY_URL

A model that the target does not serve is refused
    [Tags]    req:SELF-017
    ${child} =    Run Child    failing.robot    -v    MODEL:a-model-of-nobody
    Get Row Message    ${child}    An answer that nobody gives is expected    contains    Name one of these


*** Keywords ***
Run Rows Of Every Kind
    [Documentation]    The run that several rows look at. What takes the evidence away comes last: it stops the run.
    ${child} =    Run Child    misleading.robot    losing_evidence.robot
    VAR    ${CHILD}    ${child}    scope=SUITE
