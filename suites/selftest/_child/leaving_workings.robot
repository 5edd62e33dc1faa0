*** Settings ***
Documentation       Its suite and its row work with each kind of file that rows work with.

Library             keywords.gateway.keys.KeysLibrary
Library             keywords.gateway.ledger.LedgerLibrary
Library             keywords.gateway.routes.RoutesLibrary
Library             keywords.hooks.listener.TraceabilityListener
Library             keywords.measure.capabilities.CapabilitiesLibrary
Library             keywords.run.child_run.ChildRunLibrary
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context And Write Configuration
Suite Teardown      Write Capability Table

Test Tags           kind:functional


*** Test Cases ***
A row works with files
    [Tags]    req:SELF-034
    Make Key    alice
    ${config} =    Write Gateway Config    ${BACKEND}
    Add Ledger To Config    ${config}
    Start Gateway    config=${config}
    Run Gateway Command    config    check    ${config}
    Run Child    flooding.robot


*** Keywords ***
Open Run Context And Write Configuration
    [Documentation]    The target of the run, a backend, and a configuration that no gateway is started with.
    Open Run Context
    ${backend} =    Start Scripted Backend
    Write Route Config    ${backend}
    VAR    ${BACKEND}    ${backend}    scope=SUITE
