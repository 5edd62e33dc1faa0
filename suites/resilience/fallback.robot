*** Settings ***
Documentation       A model with several backends answers as long as one of them does, and shares its load by weight.

Resource            ../../resources/resilience.resource

Test Setup          Open Two Backends

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
The next backend answers for one that fails
    [Tags]    req:FALL-001
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    500
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-gateway-backend    ==    second

The next backend answers for one that is switched off
    [Tags]    req:FALL-001
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Stop Scripted Backend    ${FIRST}
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-gateway-backend    ==    second

The next backend streams for one that says nothing
    [Tags]    req:FALL-001
    Open Gateway Before Route    ${FIRST}    ${SECOND}    timeouts=first_byte_s=1
    Script No Answer    ${FIRST}
    ${stream} =    Stream Chat    Hello.
    Get Finish Reasons    ${stream}    ==    stop

The next backend answers for one that takes no connection
    [Tags]    req:FALL-001    needs:linux
    Open Gateway Before Route    ${FIRST}    ${SECOND}    timeouts=connect_s=1
    Ignore Connections    ${FIRST}
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-gateway-backend    ==    second

Replicas share the load by their weights
    [Tags]    req:FALL-002
    Open Gateway Before Route    ${FIRST}    ${SECOND}    weights=3 1
    Repeat Keyword    20 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    15
    Get Request Count    ${SECOND}    ==    5

A busy replica is spared
    [Tags]    req:FALL-002
    Open Gateway Before Route    ${FIRST}    ${SECOND}    weights=1 1
    Script Answer    ${FIRST}    hold_after=1
    ${running} =    Start Stream    Hello.
    Script Answer    ${FIRST}
    Repeat Keyword    5 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    1
    Release Answers    ${FIRST}
    Finish Stream    ${running}
