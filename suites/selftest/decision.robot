*** Settings ***
Documentation       May we ship: the verdict, its exit codes, and the words for it. Each row runs a small project of
...                 `_child/` with a register of its own.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_project.ChildProjectLibrary

Test Tags           kind:functional


*** Test Cases ***
All criteria met are a GO
    [Tags]    req:SHIP-007
    ${decision} =    Decide After Run
    Get Exit Code    ${decision}    ==    0
    Get Output    ${decision}    stdout    starts    GO:

A requirement that fails is a NO-GO
    [Tags]    req:SHIP-007    kind:negative
    ${decision} =    Decide After Run    -v    END:never
    Get Exit Code    ${decision}    ==    1
    Get Output    ${decision}    stdout    starts    NO-GO:
    Get Output    ${decision}    stdout    contains    EXIT-002: No requirement fails: 1 of 3 fail

A measurement that cannot decide a high risk leaves no verdict
    [Tags]    req:SHIP-006
    ${decision} =    Decide After Run    -v    MEASURING:Skip    -v    MEASURED:INCONCLUSIVE: load 14 on 2 cores
    Get Exit Code    ${decision}    ==    2
    Get Output    ${decision}    stdout    starts    NO VERDICT:
    Get Output    ${decision}    stdout    contains    of high risk inconclusive: DEMO-002

A row that did not run leaves no verdict
    [Tags]    req:SHIP-007    kind:negative
    ${decision} =    Decide After Run    --exclude    req:DEMO-003
    Get Exit Code    ${decision}    ==    2
    Get Output    ${decision}    stdout    contains    1 row did not run

A skip that nothing explains leaves no verdict
    [Tags]    req:SHIP-007    kind:negative
    ${decision} =    Decide After Run    --skip    req:DEMO-003
    Get Exit Code    ${decision}    ==    2
    Get Output    ${decision}    stdout    contains    1 row skipped, and no missing need explains it

A known bug of a high risk is a NO-GO until a waiver allows it
    [Tags]    req:SHIP-003
    ${project} =    Copy Project    decision    BUG-0042
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    Get Exit Code    ${run}    ==    0
    ${decision} =    Run In Project    ${project}    qa    summary    --gate
    Get Exit Code    ${decision}    ==    1
    Add Waiver    ${project}    DEMO-001    BUG-0042
    ${decision} =    Run In Project    ${project}    qa    summary    --gate
    Get Exit Code    ${decision}    ==    0

A row of a requirement that nobody wrote leaves no verdict
    [Tags]    req:SHIP-007    kind:negative
    ${project} =    Copy Project    decision
    Change File    ${project}    suites/answers.robot    req:DEMO-001    req:DEMO-009
    ${check} =    Run In Project    ${project}    qa    check
    Get Exit Code    ${check}    ==    1
    Get Output    ${check}    stderr    contains    has tag 'req:DEMO-009', but
    Get Output    ${check}    stderr    contains    requirement DEMO-001 (An answer has a text) is uncovered
    ${decision} =    Decide After Run In    ${project}
    Get Exit Code    ${decision}    ==    2
    Get Output    ${decision}    stdout    contains    the rows and the register disagree

An expired bug is a NO-GO
    [Tags]    req:SHIP-004    kind:negative
    ${project} =    Copy Project    decision    BUG-0042    expires=2026-11-02
    ${decision} =    Decide After Run In    ${project}    -v    TEXT:none
    Get Exit Code    ${decision}    ==    1
    Get Output    ${decision}    stdout    contains    EXIT-004: No waiver and no open bug has expired: 1 of 1 bugs

A changed text makes its rows suspect until they are reviewed
    [Tags]    req:SHIP-008
    ${project} =    Copy Project    decision
    Run In Project    ${project}    qa    review    --all
    Change File    ${project}    resources/register/requirements.yaml    is not empty    has three words
    ${check} =    Run In Project    ${project}    qa    check
    Get Output    ${check}    stderr    contains    row 'Suites.Answers.An answer has a text' is suspect
    ${decision} =    Decide After Run In    ${project}
    Get Output    ${decision}    stdout    contains    EXIT-005
    Run In Project    ${project}    qa    review    DEMO-001
    ${decision} =    Run In Project    ${project}    qa    summary    --gate
    Get Exit Code    ${decision}    ==    0


*** Keywords ***
Decide After Run
    [Documentation]    The verdict on a run of the small project with some options.
    [Arguments]    @{options: str}
    ${project} =    Copy Project    decision
    ${decision} =    Decide After Run In    ${project}    @{options}
    RETURN    ${decision}

Decide After Run In
    [Documentation]    The verdict on a run of a project with some options.
    [Arguments]    ${project: object}    @{options: str}
    Run In Project    ${project}    robot    -d    results    @{options}    suites
    ${decision} =    Run In Project    ${project}    qa    summary    --gate
    RETURN    ${decision}
