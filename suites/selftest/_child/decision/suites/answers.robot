*** Settings ***
Documentation       Rows that end as the variables say: empty is a pass.

Library             keywords.run.fields.FieldsLibrary
Library             keywords.run.kill_run.KillRunLibrary

Test Tags           kind:functional


*** Variables ***
${TEXT}         some words
# What the measurement of time does, and what it says: Skip and a reason leave it undecided.
${MEASURING}    Log
${MEASURED}     in time


*** Test Cases ***
An answer has a text
    [Tags]    req:DEMO-001
    VAR    &{answer}    text=${TEXT}
    Get Field    ${answer}    text    ==    some words

An answer comes in time
    [Tags]    req:DEMO-002
    Run Keyword    ${MEASURING}    ${MEASURED}
