*** Settings ***
Documentation       The suite verified by what it finds out about servers of which it knows the address alone. The whole
...                 catalogue takes half an hour: `tox run -e defects`.

Resource            ../../resources/gateway.resource
Library             keywords.run.planted_defects.PlantedDefectsLibrary

Test Timeout        20 minutes

Test Tags           kind:functional    needs:own-gateway    nightly


*** Test Cases ***
A defect is found by a row of a requirement that it violates
    [Tags]    req:SELF-029
    ${tried} =    Try Defect Of A Server    id constant
    Get Exit Code    ${tried}    ==    0
    Get Output    ${tried}    stdout    contains    (ANSW-001)

Without a defect all rows must pass before anything is said
    [Tags]    req:SELF-030
    ${tried} =    Try Defect Of A Server    id constant    suites=${CURDIR}/_child/failing.robot
    Get Exit Code    ${tried}    ==    3
    Get Output    ${tried}    stdout    contains    INCONCLUSIVE: without a defect fails
