*** Settings ***
Documentation       Every broken stream of a backend gives the client an error, in a form that its library understands.

Resource            ../../resources/gateway.resource
Library             keywords.client.broken_stream.BrokenStreamLibrary
Library             keywords.client.sdk.openai.OpenAISdkLibrary

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
    ${asked_at} =    Note Moment
    ${stream} =    Stream Chat    Hello.
    Get Stream Error Code    ${stream}    ==    backend_timeout
    Stream Should Say That It Broke Off    ${stream}
    Get Time From Moment To End    ${stream}    ${asked_at}    <    ${SILENT_STREAM_ENDS_WITHIN_S}

A stream whose backend reports an error tells the client
    [Tags]    req:STRM-006
    Script Fault    ${BACKEND}    error    after=2
    ${stream} =    Stream Chat    Hello.
    Stream Should Say That It Broke Off    ${stream}

A stream that breaks off raises the openai package's error
    [Tags]    req:STRM-006    req:SDKC-002
    Script Fault    ${BACKEND}    cut    after=2
    ${stream} =    Stream Chat    Hello.
    OpenAI Raises For Stream    ${stream}    APIError

A backend that fails before the first word gets its client a real status
    [Tags]    req:STRM-008
    Script Fault    ${BACKEND}    cut    after=0
    ${exchange} =    Send Payload    plain_stream.json
    Get Status    ${exchange}    ==    502
    Error Should Be An OpenAI Error    ${exchange}

A backend that is silent before the first word gets its client a real status
    [Tags]    req:STRM-008
    Script Fault    ${BACKEND}    silence    after=0
    ${exchange} =    Send Payload    plain_stream.json
    Get Status    ${exchange}    ==    504
    Get Error Field    ${exchange}    code    ==    backend_timeout


*** Keywords ***
Open Gateway Before Scripted Backend
    [Documentation]    A gateway with a short idle timeout, before a backend that the row scripts.
    ${backend} =    Start Scripted Backend
    Script Answer    ${backend}    chunk_delay=${CHUNK_DELAY}
    ${config} =    Write Gateway Config    ${backend}
    ...    limits=idle_s=${IDLE_LIMIT_S} first_byte_s=${FIRST_BYTE_LIMIT_S}
    ${gateway} =    Start Gateway    config=${config}
    Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=TEST
