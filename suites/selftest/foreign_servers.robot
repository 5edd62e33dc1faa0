*** Settings ***
Documentation       Known differences of foreign servers: green where nothing changed, red where something did. Each row
...                 runs a small project of `_child/` with a register of its own.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_project.ChildProjectLibrary

Test Tags           req:SHIP-012    kind:functional


*** Variables ***
${ROW}    An answer has a text


*** Test Cases ***
A foreign server that differs as it is known to is green
    ${run} =    Run Against Foreign Server    -v    TEXT:none
    Get Exit Code    ${run}    ==    0
    Get Row Message    ${run}    ${ROW}    starts    KNOWN DIFF-001 of foreign: text should be

A foreign server that differs once more is red
    [Tags]    kind:negative
    ${run} =    Run Against Foreign Server    -v    TEXT:none    -v    END:never
    Get Exit Code    ${run}    ==    1
    Get Row Status    ${run}    A stream ends    ==    FAIL

A difference that is gone is told
    [Tags]    kind:negative
    ${run} =    Run Against Foreign Server
    Get Row Message    ${run}    ${ROW}    starts    DIFF-001 of foreign seems fixed

A foreign server of which no file tells is refused
    [Tags]    kind:negative
    ${project} =    Copy Project    decision
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    KNOWN_DIFFERENCES:foriegn    suites
    Get Row Status    ${run}    ${ROW}    ==    NOT RUN
    Get Output    ${run}    stderr    contains    no server of this name is known; known are foreign

A scoreboard tells what holds, what differs as known, and what fails
    [Tags]    req:SHIP-040
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results/gateway    suites
    Run In Project    ${project}    robot    -d    results/foreign    -v    TEXT:none    -v    END:never    suites
    ${board} =    Run In Project    ${project}    qa    scoreboard    results/gateway    results/foreign
    Get Exit Code    ${board}    ==    0
    Get File    ${project}    docs/SCOREBOARD.md    contains    | DEMO-001 An answer has a text | holds | differs |
    Get File    ${project}    docs/SCOREBOARD.md    contains    | DEMO-002 An answer comes in time | holds | holds |
    Get File    ${project}    docs/SCOREBOARD.md    contains    | DEMO-003 A stream ends | holds | fails |


*** Keywords ***
Run Against Foreign Server
    [Documentation]    A run of the small project with the known differences of a foreign server, and some options.
    [Arguments]    @{options: str}
    ${project} =    Copy Project    decision
    ${run} =    Run In Project    ${project}    robot    -d    results    -v    KNOWN_DIFFERENCES:foreign    @{options}
    ...    suites
    RETURN    ${run}
