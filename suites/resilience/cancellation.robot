*** Settings ***
Documentation       A disconnect ends all work: the gateway cancels the attempt at once, makes no further one, and other
...                 clients notice nothing.

Resource            ../../resources/resilience.resource

Test Setup          Open Patient Gateway

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
Leaving before a plain answer closes the attempt
    [Tags]    req:CNCL-001
    Script Answer    ${BACKEND}    hold_after=0
    ${departure} =    Ask And Leave    Hello.    asked=${BACKEND}
    Attempt Is Closed After    ${departure}

Leaving before the first word of a stream closes the attempt
    [Tags]    req:CNCL-001
    Script Answer    ${BACKEND}    hold_after=0
    ${departure} =    Stream And Leave    Hello.    events=0    asked=${BACKEND}
    Attempt Is Closed After    ${departure}

Leaving between two words of a stream closes the attempt
    [Tags]    req:CNCL-001
    Script Answer    ${BACKEND}    hold_after=1
    ${departure} =    Stream And Leave    Hello.    events=1
    Attempt Is Closed After    ${departure}

Leaving in the rush of a stream closes the attempt
    [Tags]    req:CNCL-001
    Script Answer    ${BACKEND}    count=5000    chunk_delay=1 ms
    ${departure} =    Stream And Leave    Hello.    events=20
    Attempt Is Closed After    ${departure}

Leaving between two attempts stops the attempts
    [Tags]    req:CNCL-002
    Script Refusal    ${BACKEND}    429    retry_after=800 ms    retry_after_form=milliseconds
    ${departure} =    Ask And Leave    Hello.    after=200 ms    asked=${BACKEND}
    Client Should Have Left Within    600 ms    ${departure}    ${BACKEND}
    Gateway Should Log    "status":499    gateway=${GATEWAY}
    # A stream of one second passes the time in which the repetition would have come.
    Script Answer    ${BACKEND}    count=10    chunk_delay=100 ms
    Stream Chat    Hello.
    Get Request Count    ${BACKEND}    ==    2

Leaving in an attempt leaves the fallbacks alone
    [Tags]    req:CNCL-002
    ${second} =    Start Scripted Backend
    Open Gateway Before Route    ${BACKEND}    ${second}    retries=attempts=3 base_s=0.01
    Script Answer    ${BACKEND}    hold_after=0
    Ask And Leave    Hello.    asked=${BACKEND}
    Gateway Should Log    "status":499    gateway=${GATEWAY}
    Get Request Count    ${BACKEND}    ==    1
    Get Request Count    ${second}    ==    0

A request whose client left is logged as cancelled
    [Tags]    req:CNCL-003
    Script Answer    ${BACKEND}    hold_after=0
    Ask And Leave    Hello.    asked=${BACKEND}
    Gateway Should Log    "status":499    gateway=${GATEWAY}
    Gateway Should Log    "outcome":"cancelled"    gateway=${GATEWAY}

A neighbour does not notice that a client left
    [Tags]    req:CNCL-004
    Script Answer    ${BACKEND}    count=40    chunk_delay=25 ms
    ${neighbour} =    Start Stream    Hello.
    Repeat Keyword    5 times    Stream And Leave    Hello.    events=1
    ${stream} =    Finish Stream    ${neighbour}
    Stream Should Be Closed Properly    ${stream}
    Get Finish Reasons    ${stream}    ==    stop


*** Keywords ***
Attempt Is Closed After
    [Documentation]    The backend recorded the close of its connection soon after the client's disconnect.
    [Arguments]    ${departure: object}
    Get Time From Moment To Disconnect    ${BACKEND}    ${departure.at_s}    <    ${CLOSED_WITHIN_S}
    Get Request Count    ${BACKEND}    ==    1
