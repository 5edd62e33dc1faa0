*** Settings ***
Documentation       The page of a load run as people see it who were not there: the verdict first, then what happened.

Resource            ../../resources/load.resource
Library             keywords.measure.load.command.LoadCommandLibrary
Library             keywords.ui.pages.PagesLibrary

Suite Setup         Write Page Of Few Samples

Test Tags           req:BENCH-050    kind:functional    needs:browser


*** Test Cases ***
The page fits a desktop and a phone
    Page Should Fit Each Width    ${PAGE}

The page asks nothing of other machines
    [Tags]    nightly
    Open Page    ${PAGE}
    ${requests} =    Get Requests To Outside
    Get Number Of    requests    ${requests}    ==    0

The page says first whether the run is worth believing, and what happened
    Open Page    ${PAGE}
    Get Page Text
    ...    matches
    ...    (?s)^LLM gateway, load\\s+VALID\\s+PASS\\s+Load run 1.*What happened.*4 failed \\(1 %\\)

A phone gets charts of its own
    [Tags]    nightly
    Open Page    ${PAGE}    width=390
    Get Count Of Elements    .broad svg    ==    1

The page has no serious fault of accessibility
    [Tags]    nightly
    Page Should Have No Serious Fault    ${PAGE}
    Save Screenshots    ${PAGE}

The page of 100,000 samples is small and opens at once
    [Tags]    kind:performance    nightly
    ${page} =    Write Page Of Samples    100000
    Get Megabytes    ${page}    <    ${LOAD_PAGE_MB_MAX}
    Get Seconds To Open    ${page}    <    ${LOAD_PAGE_OPENS_WITHIN_S}

A load run leaves the page that was asked for
    [Tags]    nightly    needs:scripted-backend
    ${server} =    Start Paced Backend
    VAR    ${page}    ${OUTPUT_DIR}/load/page.html
    ${load} =    Run Load Command    ${server.url}    --users    1,4    --for    1s    --report    ${page}
    Get Exit Code    ${load}    ==    0
    Open Page    ${page}
    Get Page Text    contains    From 1 user to 4 users, answers per second changed

The pages of a series and of a choice are fit for everybody
    [Tags]    req:BENCH-052    req:BENCH-053    nightly
    ${store} =    Write Store Of Samples    200    old    old    new
    Run Command On Store
    ...    ${store}
    ...    load
    ...    --history
    ...    --name
    ...    old
    ...    --report
    ...    ${OUTPUT_DIR}/load/series.html
    Run Command On Store    ${store}    tradeoff    old    new    --to    ${OUTPUT_DIR}/load/choice.html
    Page Should Be Fit For Everybody    ${OUTPUT_DIR}/load/series.html
    Page Should Be Fit For Everybody    ${OUTPUT_DIR}/load/choice.html


*** Keywords ***
Write Page Of Few Samples
    [Documentation]    A page of synthetic samples; each hundredth failed.
    ${page} =    Write Page Of Samples    400
    VAR    ${PAGE}    ${page}    scope=SUITE

Page Should Be Fit For Everybody
    [Documentation]    On a desktop and a phone, and for a screen reader.
    [Arguments]    ${page: str}
    Page Should Fit Each Width    ${page}
    Page Should Have No Serious Fault    ${page}
