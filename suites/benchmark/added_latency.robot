*** Settings ***
Documentation       What a gateway adds, by one command: the same prompts through it and to the server behind it. A
...                 scripted backend that is 300 ms slower stands for the gateway, so that the answer is known.

Resource            ../../resources/load.resource
Library             keywords.measure.load.command.LoadCommandLibrary

Suite Setup         Start Server For Cases
Test Setup          Script Answer    ${BACKEND}

Test Tags           req:BENCH-031    needs:scripted-backend    nightly


*** Test Cases ***
One command says by how much a gateway delays the first text, and of how many pairs
    [Tags]    kind:functional
    ${slow} =    Start Scripted Backend
    Script Answer    ${slow}    first_delay=300 ms
    ${load} =    Run Load Command    ${slow.url}    --direct    ${BACKEND.url}    --users    2    --requests    20
    Get Output    ${load}    stdout    matches    ${ADDED_300_MS_OF_40_PAIRS}

A server behind the gateway that is not there is refused
    [Tags]    kind:negative
    ${load} =    Run Load Command    ${BACKEND.url}    --direct    http://127.0.0.1:9    --for    1s
    Get Exit Code    ${load}    ==    2
    Get Output    ${load}    stderr    contains    No server answers at http://127.0.0.1:9 within
