*** Settings ***
Documentation       What counts as proof, and what `qa check` and the matrix say of what does not. Small suites of
...                 `_child/` run in separate runs, attached to the target.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_pages.ChildPagesLibrary

Suite Setup         Run Skips Of Every Kind

Test Tags           kind:functional


*** Test Cases ***
A skip that no missing need explains is a finding
    [Tags]    req:SELF-018    kind:negative
    Get Output    ${CHECK}    stderr    contains
    ...    finding: row 'Skips.Unexplained Skip.A row that does not want to run' was skipped
    Get Output    ${MATRIX}    stdout    contains    1 unexpected skip

A failure that an option turns into a skip stays a failure
    [Tags]    req:SELF-014    kind:negative
    ${child} =    Run Child    changing.robot    --skiponfailure    req:SELF-021
    Get Row Status    ${child}    A row that is right the second time    ==    FAIL
    ${matrix} =    Run Qa Command    matrix    ${child}    changing.robot
    Get Output    ${matrix}    stdout    contains    1 failing

A skip for a need that was missing from the start is listed by its need
    [Tags]    req:SELF-018
    Get Output    ${CHECK}    stderr    contains    expected skip: 1 row needs own-gateway
    Get Output    ${CHECK}    stderr    not contains    A row that this run cannot serve' was skipped

A row that the load left without a verdict is told apart from both
    [Tags]    req:SELF-018
    Get Output    ${CHECK}    stderr    contains    has no verdict: INCONCLUSIVE: load 14.1 on 2 cores
    Get Output    ${CHECK}    stderr    not contains    A row that a busy machine keeps from its verdict' was skipped
    Get Output    ${MATRIX}    stdout    contains    1 inconclusive row

Two rows of one name stop the run
    [Tags]    req:SELF-019    kind:negative
    ${child} =    Run Child    faulty/namesakes.robot
    Get Row Status    ${child}    A row with a namesake    ==    NOT RUN
    Get Output    ${child}    stderr    contains    row 'Namesakes.A row with a namesake' is there 2 times; rename one

A misspelt section stops the run
    [Tags]    req:SELF-020    kind:negative
    ${child} =    Run Child    faulty/misspelt_section.robot
    Get Row Status    ${child}    A row that Robot understands    ==    NOT RUN
    Get Output    ${child}    stderr    contains    misspelt_section.robot:15: Robot does not understand this

A row that passed only the second time is not proven
    [Tags]    req:SELF-021    kind:negative
    ${first} =    Run Child    changing.robot    -v    ANSWER:wrong
    ${second} =    Run Child    changing.robot    -v    ANSWER:right
    ${merged} =    Merge Children    ${first}    ${second}
    Get Row Status    ${merged}    A row that is right the second time    ==    PASS
    ${matrix} =    Run Qa Command    matrix    ${merged}    changing.robot
    Get Output    ${matrix}    stdout    contains    1 flaky
    Get Output    ${matrix}    stdout    contains    merged from several runs, 1 of 1 rows were executed again

The matrix says what is in the way of a release
    [Tags]    req:SELF-022
    Get Output    ${MATRIX}    stdout    contains    Exit criteria not met
    Get Output    ${MATRIX}    stdout    contains    1 needs own-gateway


*** Keywords ***
Run Skips Of Every Kind
    [Documentation]    What `qa check` and the matrix say of a run whose rows are skipped for different reasons. Its
    ...    name is that of their folder, as the commands read it.
    ${child} =    Run Child    skips/skipping.robot    skips/unexplained_skip.robot    skips/inconclusive.robot
    ...    --name    Skips
    ${check} =    Run Qa Command    check    ${child}    skips
    ${matrix} =    Run Qa Command    matrix    ${child}    skips
    VAR    ${CHECK}    ${check}    scope=SUITE
    VAR    ${MATRIX}    ${matrix}    scope=SUITE
