*** Settings ***
Documentation       Whatever a backend does to its stream, the client is told, in a form that its library understands.

Resource            ../../resources/gateway.resource
Library             keywords.broken_stream.BrokenStreamLibrary

Test Setup          Open Gateway Before Scripted Backend

Test Tags           kind:reliability    needs:scripted-backend


*** Test Cases ***
A stream whose backend resets the connection tells the client
    [Tags]    req:STRM-006
    Script Fault    ${BACKEND}    cut    after=2
    ${stream} =    Stream Chat    Hello.
    Get Stream Error Code    ${stream}    ==    backend_disconnected
    Stream Should Say That It Broke Off    ${stream}

A stream whose backend falls silent tells the client
    [Tags]    req:STRM-007
    Script Fault    ${BACKEND}    silence    after=2
    ${stream} =    Stream Chat    Hello.
    Get Stream Error Code    ${stream}    ==    backend_timeout
    Stream Should Say That It Broke Off    ${stream}

A stream whose backend reports an error tells the client
    [Tags]    req:STRM-006
    Script Fault    ${BACKEND}    error    after=2
    ${stream} =    Stream Chat    Hello.
    Stream Should Say That It Broke Off    ${stream}

A backend that fails before the first word gets its client a real status
    [Tags]    req:STRM-008
    Script Fault    ${BACKEND}    cut    after=0
    ${exchange} =    Send Payload    plain_stream.json
    Get Status    ${exchange}    ==    502
    Error Should Be An OpenAI Error    ${exchange}


*** Keywords ***
Open Gateway Before Scripted Backend
    [Documentation]    A gateway with a short patience, before a backend that this row scripts.
    Needs Of This Row Are Met
    ${backend} =    Start Scripted Backend
    Script Answer    ${backend}    chunk_delay=${CHUNK_DELAY}
    ${config} =    Write Gateway Config    ${backend}    limits=${{ {'idle_s': 1} }}
    ${gateway} =    Start Gateway    config=${config}
    Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=TEST
