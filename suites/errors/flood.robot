*** Settings ***
Documentation       Thousands of broken requests, generated from a seed, do not break the gateway.

Resource            ../../resources/gateway.resource
Library             keywords.security.fuzzing.FuzzingLibrary

Suite Setup         Flood Target

Test Tags           kind:negative    kind:security    needs:flood


*** Test Cases ***
A flood of bad requests causes no server error
    [Tags]    req:ERRX-001
    Get Finding Count    ${FLOOD}    server errors    ==    0
    Get Finding Count    ${FLOOD}    unanswered    ==    0
    Get Finding Count    ${FLOOD}    malformed answers    ==    0
    Get Finding Count    ${FLOOD}    accepted    ==    0

The next good request after a flood is answered
    [Tags]    req:ERRX-002
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=24
    Get Text    ${answer}    contains    4

A flood of bad requests leaves no traceback in the log
    [Tags]    req:ERRX-003    needs:own-gateway
    ${last} =    Send Payload    malformed.json
    Get Log Entry    ${last}
    Gateway Log Should Not Contain    Traceback


*** Keywords ***
Flood Target
    [Documentation]    The flood that the rows look at.
    ${flood} =    Send Malformed Requests    ${FLOOD_REQUESTS}    seed=${FLOOD_SEED}    time_limit=${FLOOD_WITHIN}
    VAR    ${FLOOD}    ${flood}    scope=SUITE
