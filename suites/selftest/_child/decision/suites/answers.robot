*** Settings ***
Documentation       Rows that end as the variables say: empty is a pass.

Library             keywords.run.fields.FieldsLibrary

Test Tags           kind:functional


*** Variables ***
${TEXT}    some words
${END}     stop


*** Test Cases ***
An answer has a text
    [Tags]    req:DEMO-001
    VAR    &{answer}    text=${TEXT}
    Get Field    ${answer}    text    ==    some words

An answer comes in time
    [Tags]    req:DEMO-002
    VAR    &{answer}    time=in time
    Get Field    ${answer}    time    ==    in time

A stream ends
    [Tags]    req:DEMO-003
    VAR    &{stream}    end=${END}
    Get Field    ${stream}    end    ==    stop
