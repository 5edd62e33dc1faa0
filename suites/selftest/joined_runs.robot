*** Settings ***
Documentation       What is left of a run that was killed, and several runs in one matrix. Each row runs a small project
...                 with a register of its own.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_project.ChildProjectLibrary

Test Tags           kind:functional


*** Test Cases ***
A run that was killed loses no row that had ended
    [Tags]    req:SHIP-010    kind:reliability    needs:signals
    ${project} =    Copy Project    decision
    ${killed} =    Run In Project    ${project}    robot    -d    results    -v    MEASURING:Kill Run    suites
    Get Exit Code    ${killed}    ==    -9
    ${recovered} =    Run In Project    ${project}    qa    recover
    Get Output    ${recovered}    stdout    contains    1 of 3 rows had ended
    Get Output    ${recovered}    stdout    contains    NO VERDICT: The run is not valid
    Get Row Status    ${recovered}    An answer has a text    ==    PASS
    Get Row Status    ${recovered}    An answer comes in time    ==    NOT RUN
    Every Link Should Lead Somewhere    ${project}    results/index.html    results/matrix/index.html
    Get File    ${project}    results/xunit.xml    contains    value="DEMO-001"

A run of several processes that was killed loses no row that had ended either
    [Tags]    req:SHIP-010    kind:reliability    needs:signals
    ${project} =    Copy Project    decision
    ${killed} =    Run In Project    ${project}    qa    run    --processes    2    -v    MEASURING:Kill Run    suites
    Get Exit Code    ${killed}    ==    -9
    ${recovered} =    Run In Project    ${project}    qa    recover
    Get Output    ${recovered}    stdout    contains    NO VERDICT: The run is not valid
    Get Row Status    ${recovered}    An answer has a text    ==    PASS
    Get Row Status    ${recovered}    An answer comes in time    ==    NOT RUN

Parts of a run become one verdict
    [Tags]    req:SHIP-011
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results/a    --include    req:DEMO-001    suites
    Run In Project    ${project}    robot    -d    results/b    --exclude    req:DEMO-001    suites
    ${merged} =    Run In Project    ${project}    qa    merge    results/a    results/b    --gate
    Get Exit Code    ${merged}    ==    0
    Get Output    ${merged}    stdout    contains    3 requirements: 3 passing; 3 rows: 3 pass
    Every Link Should Lead Somewhere    ${project}    results/merged/index.html    results/merged/matrix/index.html

A row that passed only in a rerun is flaky
    [Tags]    req:SHIP-011
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results/a    -v    TEXT:none    suites
    Run In Project    ${project}    robot    -d    results/b    --include    req:DEMO-001    suites
    ${merged} =    Run In Project    ${project}    qa    merge    results/a    results/b    --gate
    Get Exit Code    ${merged}    ==    1
    Get Output    ${merged}    stdout    contains    3 requirements: 1 flaky, 2 passing; 3 rows: 1 flaky-pass, 2 pass

A failure in one environment is not hidden by a pass in another one
    [Tags]    req:SHIP-011    kind:negative
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results/a    -M    Environment:old    -v    TEXT:none    suites
    Run In Project    ${project}    robot    -d    results/b    -M    Environment:new    suites
    ${merged} =    Run In Project    ${project}    qa    merge    results/a    results/b    --gate
    Get Exit Code    ${merged}    ==    1
    Get Output    ${merged}    stdout    contains    6 rows: 1 fail, 5 pass

A part that broke off is told with its remedy
    [Tags]    req:SHIP-011    kind:negative
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results    suites
    Cut File    ${project}    results/output.xml    0.5
    ${merged} =    Run In Project    ${project}    qa    merge    results    --gate
    Get Exit Code    ${merged}    ==    2
    Get Output    ${merged}    stderr    contains    `qa recover results` makes a report of the rows that had ended
    Run In Project    ${project}    qa    recover
    ${merged} =    Run In Project    ${project}    qa    merge    results    --gate
    Get Exit Code    ${merged}    ==    0

A run whose results were moved is joined with living links
    [Tags]    req:SHIP-011
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results/a    suites
    Move Folder    ${project}    results/a    elsewhere/b
    Run In Project    ${project}    qa    merge    elsewhere/b
    Every Link Should Lead Somewhere    ${project}    results/merged/index.html    results/merged/matrix/index.html

What pabot leaves becomes one verdict
    [Tags]    req:SHIP-011
    ${project} =    Copy Project    decision
    Run In Project
    ...    ${project}
    ...    pabot.pabot
    ...    --no-pabotlib
    ...    --processes
    ...    2
    ...    --outputdir
    ...    results
    ...    suites
    ${merged} =    Run In Project    ${project}    qa    merge    results    --gate
    Get Exit Code    ${merged}    ==    0
    Every Link Should Lead Somewhere    ${project}    results/merged/matrix/index.html
