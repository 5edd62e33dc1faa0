*** Settings ***
Documentation       A stream is alive as long as its backend sends bytes, it has begun with its first content, and it
...                 ends when the answer is finished.

Resource            ../../resources/resilience.resource
Library             keywords.client.messages.MessagesLibrary

Suite Setup         Open Gateway Before Two Backends

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
A stream lives while its backend thinks
    [Tags]    req:STRM-012
    Script Answer    ${FIRST}    Yes.    thoughts=${THOUGHTS}    chunk_delay=${CHUNK_DELAY_OF_THOUGHTS}
    ${stream} =    Stream Message    Is it so?
    Get Message Text    ${stream}    ==    Yes.

A client of Messages gets pings while the backend thinks
    [Tags]    req:MSGS-011
    Script Answer    ${FIRST}    Yes.    thoughts=${THOUGHTS}    chunk_delay=${CHUNK_DELAY_OF_THOUGHTS}
    ${stream} =    Stream Message    Is it so?
    Get Field    ${stream}    pings    >=    ${PINGS_MIN}

A stream that is finished ends without a closing mark of the backend
    [Tags]    req:STRM-013
    Script Answer    ${FIRST}
    Script Fault    ${FIRST}    no_end
    ${asked_at} =    Note Moment
    ${stream} =    Stream Chat    Hello.
    Stream Should Be Closed Properly    ${stream}
    Get Time From Moment To End    ${stream}    ${asked_at}    <    ${FINISHED_STREAM_ENDS_WITHIN_S}

A stream that is labelled as JSON is passed on
    [Tags]    req:STRM-014
    Script Answer    ${FIRST}
    Script Wire    ${FIRST}    headers=content-type: application/json
    ${stream} =    Stream Chat    Hello.
    Stream Should Be Closed Properly    ${stream}

The next backend streams for one that sends a comment and fails
    [Tags]    req:RTRY-010
    Script Answer    ${FIRST}
    Script Wire    ${FIRST}    comments=True
    Script Fault    ${FIRST}    error    after=0
    ${stream} =    Stream Chat    Hello.
    Get Header    ${stream.exchange}    x-gateway-backend    ==    second


*** Keywords ***
Open Gateway Before Two Backends
    [Documentation]    A gateway that bears little silence, before a backend that each row scripts and a healthy one.
    ${first} =    Start Scripted Backend
    ${second} =    Start Scripted Backend
    ${config} =    Write Route Config    ${first}    ${second}
    ...    timeouts=idle_s=${SHORT_IDLE_LIMIT_S} first_byte_s=${SHORT_IDLE_LIMIT_S}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${FIRST}    ${first}    scope=SUITE
