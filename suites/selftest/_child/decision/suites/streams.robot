*** Settings ***
Documentation       A row in a file of its own, so that several processes have something to share.

Library             keywords.run.fields.FieldsLibrary

Test Tags           kind:functional


*** Variables ***
${END}    stop


*** Test Cases ***
A stream ends
    [Tags]    req:DEMO-003
    VAR    &{stream}    end=${END}
    Get Field    ${stream}    end    ==    stop
