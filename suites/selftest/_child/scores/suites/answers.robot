*** Settings ***
Documentation       A row that passes.

Library             keywords.run.fields.FieldsLibrary

Test Tags           kind:functional


*** Test Cases ***
An answer has a text
    [Tags]    req:DEMO-001
    VAR    &{answer}    text=some words
    Get Field    ${answer}    text    ==    some words
