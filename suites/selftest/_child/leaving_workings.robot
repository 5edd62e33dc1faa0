*** Settings ***
Documentation       Its suite and its row work with each kind of file that rows work with.

Library             keywords.hooks.listener.TraceabilityListener
Library             keywords.measure.capabilities.CapabilitiesLibrary
Library             keywords.run.child_run.ChildRunLibrary
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context And Write Configuration

Test Tags           kind:functional


*** Test Cases ***
A row works with files
    [Tags]    req:SELF-034
    ${key} =    Make Key    alice
    ${config} =    Write Gateway Config    ${BACKEND}
    ${ledger} =    Add Ledger To Config    ${config}
    ${gateway} =    Start Gateway    config=${config}
    Run Gateway Command    config    check    ${config}
    Run Child    flooding.robot
    Write Capability Table


*** Keywords ***
Open Run Context And Write Configuration
    [Documentation]    The run's target, and a configuration that stays unused.
    Open Run Context
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=SUITE
    Write Route Config    ${backend}
