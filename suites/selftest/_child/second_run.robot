*** Settings ***
Documentation       Starts another run in the folder of its own.

Library             keywords.hooks.listener.TraceabilityListener
Library             keywords.run.child_run.ChildRunLibrary
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           kind:functional


*** Test Cases ***
The folder of this run is refused to another one
    [Tags]    req:SELF-015
    ${child} =    Run Child    failing.robot    --outputdir    ${OUTPUT DIR}
    Get Output    ${child}    stdout    contains    another run, process
