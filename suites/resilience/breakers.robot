*** Settings ***
Documentation       A backend that keeps failing is left alone, until one request finds that it is well again.

Resource            ../../resources/resilience.resource

Test Setup          Open Two Backends

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
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
    Get Header    ${exchange}    retry-after    matches    ^(5\\d|60)$
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
