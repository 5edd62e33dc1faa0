*** Settings ***
Documentation       What a known bug makes of its row, and what happens to the bug. Each row runs a small project of
...                 `_child/` with a register of its own.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_project.ChildProjectLibrary

Test Tags           kind:functional


*** Variables ***
${ROW}    An answer has a text


*** Test Cases ***
A row that fails as its bug describes is known, and neither passed nor failed
    [Tags]    req:SHIP-001
    ${project} =    Copy Project    decision    BUG-0042
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    Get Row Status    ${run}    ${ROW}    ==    SKIP
    Get Row Message    ${run}    ${ROW}    starts    KNOWN BUG-0042: text should be
    ${matrix} =    Run In Project    ${project}    qa    matrix
    Get Output    ${matrix}    stdout    contains    1 known bug
    Get Output    ${matrix}    stdout    not contains    unexpected skip

A row that fails otherwise shows another defect behind its bug
    [Tags]    req:SHIP-001    kind:negative
    ${project} =    Copy Project    decision    BUG-0042    message=no answer came
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    Get Row Status    ${run}    ${ROW}    ==    FAIL
    Get Row Message    ${run}    ${ROW}    starts    Another defect hides behind BUG-0042: text should be

A row that passes alarms that its bug seems fixed
    [Tags]    req:SHIP-001    kind:negative
    ${project} =    Copy Project    decision    BUG-0042
    ${run} =    Run In Project    ${project}    robot    -d    results    suites
    Get Row Status    ${run}    ${ROW}    ==    FAIL
    Get Row Message    ${run}    ${ROW}    starts    BUG-0042 seems fixed

A bug that shows again after it was closed is re-opened by a proposal
    [Tags]    req:SHIP-002
    ${project} =    Copy Project    decision    BUG-0042    status=closed
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    Get Row Message    ${run}    ${ROW}    starts    BUG-0042 is closed, and fails again
    Get File    ${project}    resources/register/bugs/BUG-0042.yaml    contains    status: closed
    Apply Proposed Change    ${project}    BUG-0042
    Get File    ${project}    resources/register/bugs/BUG-0042.yaml    contains    status: re-opened
    ${again} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    Get Row Status    ${again}    ${ROW}    ==    SKIP

A bug that evidence has filled in makes its row known
    [Tags]    req:SHIP-009
    ${project} =    Copy Project    decision
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    ${evidence} =    Get Evidence Folder    ${run}    ${ROW}
    ${filed} =    Run In Project    ${project}    qa    bugs    new    --from    ${evidence}
    Get Exit Code    ${filed}    ==    0
    Get File    ${project}    resources/register/bugs/BUG-0001.yaml    contains    requirements: [DEMO-001]
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    TEXT:none    suites
    Get Row Message    ${run}    ${ROW}    starts    KNOWN BUG-0001: text should be

A bug whose rows pass again and again is proposed as fixed
    [Tags]    req:SHIP-002
    ${project} =    Copy Project    decision    BUG-0042
    ${confirmed} =    Run In Project    ${project}    qa    bugs    confirm    BUG-0042    --times    2
    Get Exit Code    ${confirmed}    ==    0
    Apply Proposed Change    ${project}    BUG-0042
    Get File    ${project}    resources/register/bugs/BUG-0042.yaml    contains    status: awaiting confirmation
    ${run} =    Run In Project    ${project}    robot    -d    results    suites
    Get Row Status    ${run}    ${ROW}    ==    PASS

A bug that has expired is a finding
    [Tags]    req:SHIP-004
    ${project} =    Copy Project    decision    BUG-0042    expires=2026-11-02
    ${check} =    Run In Project    ${project}    qa    check
    Get Exit Code    ${check}    ==    1
    Get Output    ${check}    stderr    contains    finding: BUG-0042 is open, and expired on 2026-11-02

A bug whose row was renamed is a finding
    [Tags]    req:SHIP-005
    ${project} =    Copy Project    decision    BUG-0042
    Change File    ${project}    suites/answers.robot    An answer has a text    An answer says something
    ${check} =    Run In Project    ${project}    qa    check
    Get Output    ${check}    stderr    contains
    ...    finding: BUG-0042 names row 'Answers.An answer has a text', which is not in the suites (did you mean
