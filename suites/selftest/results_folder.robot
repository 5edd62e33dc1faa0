*** Settings ***
Documentation       What a run leaves in its output folder, and where: a small suite of `_child/`, run separately and
...                 attached to the target, works with files of each kind.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_files.ChildFilesLibrary

Suite Setup         Run Child That Works With Files

Test Tags           req:SELF-034    kind:functional    needs:scripted-backend


*** Test Cases ***
At the top of its results a run leaves only pages and machine files
    Get Row Status    ${CHILD}    ${ROW}    ==    PASS
    Top Of Results Should Hold Pages Only    ${CHILD}

The evidence of a row links what the row worked with
    ${names} =    Get Linked Workings    ${CHILD}    ${ROW}    this row
    Get Field    ${names}    [0]    ==    flooding-1/log.html
    Get Field    ${names}    [1]    ==    gateway-1.log
    Get Field    ${names}    [2]    ==    keys-1.toml

The evidence of a row links what its suite worked with
    ${names} =    Get Linked Workings    ${CHILD}    ${ROW}    Leaving Workings
    Get Field    ${names}    [0]    ==    route-1.toml


*** Keywords ***
Run Child That Works With Files
    [Documentation]    Once for all rows, which only read what it left.
    ${child} =    Run Child    leaving_workings.robot
    VAR    ${CHILD}    ${child}    scope=SUITE
    VAR    ${ROW}    A row works with files    scope=SUITE
