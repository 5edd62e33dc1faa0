*** Settings ***
Documentation       A backend that asks for a wait by Retry-After gets none of the requests that another backend of the
...                 route answers, until the wait is over. Nobody is refused because of it.

Resource            ../../resources/resilience.resource
Library             keywords.gateway.metrics.MetricsLibrary

Test Setup          Open Two Backends

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
A backend that asked for a wait is not asked by the next requests
    [Tags]    req:FALL-046
    [Template]    First Backend Is Asked Once After
    429    seconds
    429    date
    503    milliseconds

A replica that asked for a wait gets no share
    [Tags]    req:FALL-046
    Open Gateway Before Route    ${FIRST}    ${SECOND}    weights=3 1
    Script Refusal    ${FIRST}    429    retry_after=30 s
    Repeat Keyword    5 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    1

A backend is asked again when its wait is over
    [Tags]    req:FALL-046
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    ${refusal} =    Script Refusal    ${FIRST}    429    retry_after=200 ms    retry_after_form=milliseconds
    ${answer} =    Script Answer    ${FIRST}
    Script Sequence    ${FIRST}    ${refusal}    ${answer}
    Send Payload    plain.json
    Backend Should Answer    first

A refusal without a wait spares nothing
    [Tags]    req:FALL-046
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    429
    Repeat Keyword    3 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    3

One backend is asked where all asked for a wait
    [Tags]    req:FALL-047
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    429    retry_after=30 s
    Script Refusal    ${SECOND}    429    retry_after=20 s
    Repeat Keyword    3 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    1
    Get Request Count    ${SECOND}    ==    3

A client hears when the first backend is free
    [Tags]    req:FALL-047
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    429    retry_after=20 s
    Script Refusal    ${SECOND}    429    retry_after=30 s
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    429
    Get Header    ${exchange}    retry-after    matches    ^(1\\d|20)$

Backends that asked for a year are asked by the next request
    [Tags]    req:FALL-047    kind:negative
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    429    retry_after=365 days
    Script Refusal    ${SECOND}    429    retry_after=365 days
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    retry-after    matches    ^(5\\d|60)$
    Script Answer    ${FIRST}
    Script Answer    ${SECOND}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    200

A backend that asked for a wait answers where the other one fails
    [Tags]    req:FALL-047
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    ${refusal} =    Script Refusal    ${FIRST}    429    retry_after=30 s
    ${answer} =    Script Answer    ${FIRST}
    Script Sequence    ${FIRST}    ${refusal}    ${answer}
    Send Payload    plain.json
    Script Refusal    ${SECOND}    500
    ${exchange} =    Send Payload    plain.json
    Get Header    ${exchange}    x-gateway-backend    ==    first

A wait that a backend asked for is seen from outside
    [Tags]    req:FALL-049
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    429    retry_after=30 s
    Send Payload    plain.json
    Get Metric    gateway_cooldown_seconds    >    20    labels=gateway_backend=first
    Gateway Should Log    "event":"cooldown","state":"started","backend":"first"    gateway=${GATEWAY}
    ${ready} =    Send Raw    GET    /health/ready
    Get Status    ${ready}    ==    200
    Get Body Field    ${ready}    cooldowns.first.scripted    >    20


*** Keywords ***
First Backend Is Asked Once After
    [Documentation]    One line of the table of refusals: the first backend's status, and the form of its wait.
    [Arguments]    ${status: int}    ${form: str}
    Open Two Backends
    Open Gateway Before Route    ${FIRST}    ${SECOND}
    Script Refusal    ${FIRST}    ${status}    retry_after=30 s    retry_after_form=${form}
    Repeat Keyword    3 times    Send Payload    plain.json
    Get Request Count    ${FIRST}    ==    1
