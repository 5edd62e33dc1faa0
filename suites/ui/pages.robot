*** Settings ***
Documentation       The pages of a run as people see them: in a real browser without any network, on a desktop and on a
...                 phone, in light and in dark, with a keyboard alone. A small run of `_child/` makes them.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_matrix.ChildMatrixLibrary
Library             keywords.run.child_project.ChildProjectLibrary
Library             keywords.ui.pages.PagesLibrary

Suite Setup         Make Pages

Test Tags           kind:functional    needs:browser


*** Variables ***
${ROW}         An answer that nobody gives is expected
${DIM_PAGE}
...            SEPARATOR=
...            <!doctype html><html lang="en"><title>Dim</title>
...            <style>@media (prefers-color-scheme: dark) { .dim { color: \#777; background: \#666 } }</style>
...            <main><h1>Dim</h1><table><tbody>
...            <tr><td>one<tr><td>two<tr><td>three<tr><td class="dim">four</table></main>


*** Test Cases ***
The pages fit a desktop and a phone
    [Tags]    req:PAGE-001
    Page Should Fit Each Width    ${SUMMARY}
    Page Should Fit Each Width    ${MATRIX}
    Page Should Fit Each Width    ${SCOREBOARD}
    Save Screenshots    ${SUMMARY}
    Save Screenshots    ${MATRIX}
    Save Screenshots    ${SCOREBOARD}

The pages have no serious fault of accessibility
    [Tags]    req:PAGE-002
    Page Should Have No Serious Fault    ${SUMMARY}
    Page Should Have No Serious Fault    ${MATRIX}
    Page Should Have No Serious Fault    ${SCOREBOARD}

The Tab key reaches every control of the summary
    [Tags]    req:PAGE-002
    Open Page    ${SUMMARY}
    Every Control Should Be Reached By Tab

The pages ask nothing of other machines
    [Tags]    req:PAGE-003    kind:security
    [Template]    Page Asks Nothing Outside
    ${SUMMARY}
    ${MATRIX}
    ${SCOREBOARD}

A page that asks another machine is found out
    [Tags]    req:PAGE-003    kind:negative
    ${page} =    Save Evidence    asking.html    <img src="http://127.0.0.1:9/pixel.png">
    Open Page    ${page}
    ${requests} =    Get Requests To Outside
    Get Number Of    requests    ${requests}    ==    1

A page with faults is found out
    [Tags]    req:PAGE-001    req:PAGE-002    kind:negative
    ${page} =    Save Evidence    faulty.html    <img src="x.png"><p style="width: 3000px">Too wide.</p>
    Run Keyword And Expect Error    In light the page has serious faults: *image-alt*
    ...    Page Should Have No Serious Fault    ${page}
    Run Keyword And Expect Error    At 1440 pixels the page is wider than its window: p.
    ...    Page Should Fit Each Width    ${page}
    ${page} =    Save Evidence    unseen.html    <a href="#" style="outline: 0">Where am I?</a>
    Open Page    ${page}
    Run Keyword And Expect Error    Nothing shows that this has the focus: *
    ...    Every Control Should Be Reached By Tab

A page that cannot be read in the dark is found out
    [Tags]    req:PAGE-002    kind:negative
    ${page} =    Save Evidence    dim.html    ${DIM_PAGE}
    Run Keyword And Expect Error    In dark the page has serious faults: *color-contrast*
    ...    Page Should Have No Serious Fault    ${page}

The matrix shows only what fails on request
    [Tags]    req:PAGE-004
    Open Page    ${MATRIX}
    Press Keys    \#failing    Space
    Get Count Of Elements    \#forward tbody > tr    ==    2
    Get Page Text    contains    ${ROW}

From the verdict to the bytes that broke it takes two clicks
    [Tags]    req:PAGE-005
    Open Page    ${SUMMARY}
    Get Page Text    contains    NO-GO
    Follow Link    ${ROW}
    Follow Link    01-response.json
    Get Page Text    contains    chat.completion


*** Keywords ***
Make Pages
    [Documentation]    The pages of a run with a row that fails, and of two servers side by side.
    ${run} =    Run Children    1    failing.robot
    VAR    ${SUMMARY}    ${run.folder}/index.html    scope=SUITE
    VAR    ${MATRIX}    ${run.folder}/matrix/index.html    scope=SUITE
    ${project} =    Copy Project    decision
    Run In Project    ${project}    robot    -d    results/gateway    suites
    Run In Project    ${project}    robot    -d    results/foreign    -v    TEXT:none    -v    END:never    suites
    Run In Project    ${project}    qa    scoreboard    results/gateway    results/foreign
    VAR    ${SCOREBOARD}    ${project.folder}/results/scoreboard/index.html    scope=SUITE

Page Asks Nothing Outside
    [Documentation]    A line of the table.
    [Arguments]    ${page: str}
    Open Page    ${page}
    ${requests} =    Get Requests To Outside
    Get Number Of    requests    ${requests}    ==    0
