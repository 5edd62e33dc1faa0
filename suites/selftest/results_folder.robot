*** Settings ***
Documentation       What a run leaves in its output folder, and where. Each row runs a small suite of `_child/` in a
...                 separate run, attached to the target.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_files.ChildFilesLibrary

Test Tags           req:SELF-034    kind:functional    needs:scripted-backend


*** Test Cases ***
At the top of its results a run leaves only pages and machine files
    ${child} =    Run Child    leaving_workings.robot
    Get Row Status    ${child}    A row works with files    ==    PASS
    Top Of Results Should Hold Pages Only    ${child}

The evidence of a row links what the row worked with
    ${child} =    Run Child    leaving_workings.robot
    ${row} =    Get Linked Workings    ${child}    A row works with files    this row
    Get Field    ${row}    [0]    ==    flooding-1/log.html
    Get Field    ${row}    [1]    ==    gateway-1.log
    Get Field    ${row}    [2]    ==    keys-1.toml

The evidence of a row links what its suite worked with
    ${child} =    Run Child    leaving_workings.robot
    ${suite} =    Get Linked Workings    ${child}    A row works with files    Leaving Workings
    Get Field    ${suite}    [0]    ==    route-1.toml
