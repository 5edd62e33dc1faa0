*** Settings ***
Documentation       A serving gateway reloads its configuration: completely or not at all, and without dropping running
...                 requests.

Resource            ../../resources/limits.resource
Library             keywords.client.broken_stream.BrokenStreamLibrary
Library             keywords.gateway.lifecycle.LifecycleLibrary
Library             keywords.gateway.metrics.MetricsLibrary

Suite Setup         Open Gateway That Others Change
Test Setup          Reload Gateway From    ${FIRST_CONFIG}

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
A model that was added is served
    [Tags]    req:LIFE-006
    ${config} =    Write Gateway Config    ${BACKEND}    model=added
    ${entry} =    Reload Gateway From    ${config}
    Get Field    ${entry}    event    ==    config_reloaded
    ${answer} =    Ask    Hello.    model=added
    Get Text    ${answer}    !=    ${EMPTY}

A change of the file is enough
    [Tags]    req:LIFE-006
    ${config} =    Write Gateway Config    ${BACKEND}    model=seen
    Replace Gateway Config    ${SERVED_CONFIG}    ${config}
    Gateway Should Log    models.\\"seen\\"    within=5 s    gateway=${GATEWAY}
    Ask    Hello.    model=seen

A key that was revoked is refused
    [Tags]    req:LIFE-007    kind:security
    ${key} =    Make Key    alice
    Add To Gateway Config    ${SERVED_CONFIG}    keys    file=${key.file}
    Reload Gateway    ${GATEWAY}
    VAR    ${GATEWAY_API_KEY}    ${key.secret}    scope=TEST
    Ask    Hello.
    Run Gateway Command    keys    revoke    alice    --file    ${key.file}
    Reload Gateway    ${GATEWAY}
    ${refused} =    Send Chat
    Get Status    ${refused}    ==    401

A misspelt setting leaves the running configuration in force
    [Tags]    req:LIFE-008    kind:negative
    Add To Gateway Config    ${SERVED_CONFIG}    timeouts    conect_s=3
    Reload Gateway    ${GATEWAY}
    Ask    Hello.    model=scripted

A misspelt setting is named in the log
    [Tags]    req:LIFE-008    kind:negative
    Add To Gateway Config    ${SERVED_CONFIG}    timeouts    conect_s=3
    ${entry} =    Reload Gateway    ${GATEWAY}
    Get Field    ${entry}    event    ==    config_not_reloaded
    Get Field    ${entry}    problems    ==    ["timeouts.conect_s: is no setting; did you mean 'connect_s'?"]

A refused configuration is seen from outside
    [Tags]    req:LIFE-008    kind:negative
    Add To Gateway Config    ${SERVED_CONFIG}    timeouts    conect_s=3
    Reload Gateway    ${GATEWAY}
    Get Metric    gateway_config_reload_last_refused    ==    1

What cannot change without a restart is named
    [Tags]    req:LIFE-009
    Add To Gateway Config    ${SERVED_CONFIG}    server    port=1
    Reload Gateway    ${GATEWAY}
    Gateway Should Log    "settings":["server.port"]    gateway=${GATEWAY}

A stream under way ends whole at the backend that it began at
    [Tags]    req:LIFE-010
    Script Answer    ${BACKEND}    hold_after=1
    ${running} =    Start Stream    Hello.
    ${other} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${other}
    Reload Gateway From    ${config}
    Release Answers    ${BACKEND}
    ${stream} =    Finish Stream    ${running}
    Stream Should Be Closed Properly    ${stream}
    Ask    Hello.
    Get Request Count    ${other}    ==    1


*** Keywords ***
Open Gateway That Others Change
    [Documentation]    One gateway whose configuration file the rows replace; it starts with the one it returns to.
    ${backend} =    Start Scripted Backend
    ${first} =    Write Gateway Config    ${backend}
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE
    VAR    ${FIRST_CONFIG}    ${first}    scope=SUITE
    VAR    ${SERVED_CONFIG}    ${config}    scope=SUITE

Reload Gateway From
    [Documentation]    Replace the gateway's configuration by that of a file, and reload it.
    [Arguments]    ${config: object}
    Replace Gateway Config    ${SERVED_CONFIG}    ${config}
    ${entry} =    Reload Gateway    ${GATEWAY}
    RETURN    ${entry}
