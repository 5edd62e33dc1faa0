*** Settings ***
Documentation       A model with several backends answers as long as one of them does, shares its load by weight, and
...                 avoids a backend that keeps failing.

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
    Open Gateway Before Route    ${FIRST}    ${SECOND}    timeouts=first_byte_s=0.3
    Script No Answer    ${FIRST}
    ${stream} =    Stream Chat    Hello.
    Get Finish Reasons    ${stream}    ==    stop

The next backend answers for one that takes no connection
    [Tags]    req:FALL-001    needs:linux
    Open Gateway Before Route    ${FIRST}    ${SECOND}    timeouts=connect_s=0.3
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
    Script Answer    ${FIRST}    chunk_delay=500 ms
    Script Answer    ${SECOND}    chunk_delay=500 ms
    ${running} =    Start Stream    Hello.
    Script Answer    ${FIRST}
    Script Answer    ${SECOND}
    Repeat Keyword    5 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    1
    Finish Stream    ${running}

A backend that keeps failing is left alone
    [Tags]    req:BRKR-001
    Open Gateway Before Route    ${FIRST}    ${SECOND}    breaker=consecutive_failures=2 open_s=60
    Script Refusal    ${FIRST}    500
    Repeat Keyword    5 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    2
    Get Request Count    ${SECOND}    ==    5

A model without a backend to ask is refused with the time to wait
    [Tags]    req:BRKR-001
    Open Gateway Before Route    ${FIRST}    breaker=consecutive_failures=1 open_s=60
    Script Refusal    ${FIRST}    500
    Send Payload    plain.json
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    503
    Get Header    ${exchange}    retry-after    matches    ^(59|60)$
    Get Header    ${exchange}    x-should-retry    ==    true
    Error Should Be An OpenAI Error    ${exchange}

One request finds out whether a backend is well again
    [Tags]    req:BRKR-002
    Open Gateway Before Route    ${FIRST}    ${SECOND}    breaker=consecutive_failures=1 open_s=0.2
    ${refusal} =    Script Refusal    ${FIRST}    500
    ${answer} =    Script Answer    ${FIRST}
    Script Sequence    ${FIRST}    ${refusal}    ${answer}
    Send Payload    plain.json
    Backend Should Answer    first
    Get Request Count    ${FIRST}    ==    2

A backend that refuses requests is not taken for a failing one
    [Tags]    req:BRKR-003
    Open Gateway Before Route    ${FIRST}    ${SECOND}    breaker=consecutive_failures=1 open_s=60
    Script Refusal    ${FIRST}    400
    Send Payload    plain.json
    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    2

A backend that keeps failing is asked last though nothing is configured
    [Documentation]    The first five requests find out.
    [Tags]    req:BRKR-048
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    500
    Repeat Keyword    8 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    5
    Get Request Count    ${SECOND}    ==    8

The only backend is asked each time though it keeps failing
    [Tags]    req:BRKR-048
    Open Gateway Before Route    ${FIRST}
    Script Refusal    ${FIRST}    500
    Repeat Keyword    8 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    8

A model whose only backend is shut off is not ready
    [Tags]    req:BRKR-049
    Open Gateway Before Route    ${FIRST}    breaker=consecutive_failures=1 open_s=60
    Script Refusal    ${FIRST}    500
    Send Payload    plain.json
    ${ready} =    Send Raw    GET    /health/ready
    Get Status    ${ready}    ==    503
    Get Body Field    ${ready}    breakers.first    ==    open


*** Keywords ***
Open Two Backends
    [Documentation]    Two backends, which the row puts behind a gateway.
    ${first} =    Start Scripted Backend
    ${second} =    Start Scripted Backend
    VAR    ${FIRST}    ${first}    scope=TEST
    VAR    ${SECOND}    ${second}    scope=TEST
