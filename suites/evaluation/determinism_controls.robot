*** Settings ***
Documentation       The comparison of answers under load sees what differs: a scripted backend whose answers change by a
...                 known word once it is asked by ten at a time.

Resource            ../../resources/determinism.resource

Suite Setup         Open Gateway Before Scripted Backend

Test Tags           req:DETM-061    kind:functional    needs:scripted-backend


*** Test Cases ***
One answer of ten that differs by its third word is found
    ${same} =    Script Answer    ${BACKEND}    one${SPACE}    two${SPACE}    three${SPACE}    four
    ${other} =    Script Answer    ${BACKEND}    one${SPACE}    two${SPACE}    five${SPACE}    four
    ${alone} =    Ask Scripted Backend Alone    ${same}    ${other}    ${same}
    ${loaded} =    Ask Beside Others    Say it.    users=10    reference=${alone}
    Get Differing Answers    ${alone}    ==    0
    Get Differing Answers    ${loaded}    ==    1
    Get Distinct Completion Rate    ${loaded}    ==    0.2
    Get First Divergent Token    ${loaded}    ==    2

Ten equal answers that nobody got alone are found
    ${same} =    Script Answer    ${BACKEND}    one${SPACE}    two
    ${other} =    Script Answer    ${BACKEND}    six${SPACE}    two
    ${alone} =    Ask Scripted Backend Alone    ${same}    ${other}
    ${loaded} =    Ask Beside Others    Say it.    users=10    reference=${alone}
    Get Differing Answers    ${loaded}    ==    10
    Get First Divergent Token    ${loaded}    ==    0

Ten equal answers differ by nothing
    ${same} =    Script Answer    ${BACKEND}    one${SPACE}    two
    ${alone} =    Ask Scripted Backend Alone    ${same}
    ${loaded} =    Ask Beside Others    Say it.    users=10    reference=${alone}
    Get Differing Answers    ${loaded}    ==    0
    Get First Divergent Token    ${loaded}    ==    ${None}


*** Keywords ***
Open Gateway Before Scripted Backend
    [Documentation]    A gateway that all rows of the suite speak to.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE
