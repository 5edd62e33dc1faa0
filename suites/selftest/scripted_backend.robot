*** Settings ***
Documentation       Other rows trust the scripted backend, so these rows verify it: it plays its script, and its record
...                 agrees with its client. They speak to it without a gateway between.

Resource            ../../resources/gateway.resource

Test Setup          Speak To Scripted Backend

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
A request is recorded byte for byte
    [Tags]    req:SELF-006
    ${exchange} =    Send Payload    unknown_fields.json
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [0].body    ==    ${exchange.request_body}

Each chunk is sent once and recorded
    [Tags]    req:SELF-006
    Script Answer    ${BACKEND}    count=64
    ${stream} =    Stream Chat    Hello.
    ${times} =    Get Chunk Send Times    ${BACKEND}
    Get Number Of    pieces of text    ${stream.pieces}    ==    64
    Get Number Of    chunks sent    ${times}    ==    64

The pauses of a script lie between its chunks
    [Tags]    req:SELF-007
    Script Answer    ${BACKEND}    a    b    c    chunk_delay=${CHUNK_DELAY}
    Stream Chat    Hello.
    Get Pause Between Chunks    ${BACKEND}    min    >=    ${SCRIPTED_PAUSE_MIN_S}

A chunk is read after it was sent
    [Tags]    req:SELF-007
    Script Answer    ${BACKEND}    a    b    c    chunk_delay=${CHUNK_DELAY}
    ${stream} =    Stream Chat    Hello.
    Get Transit Time Of Chunks    ${BACKEND}    ${stream}    min    >    0

An answer ends at the byte where it was told to
    [Tags]    req:SELF-008
    Script Fault    ${BACKEND}    close    at_byte=300
    ${stream} =    Stream Chat    Hello.
    Get Number Of    bytes of the body    ${stream.exchange.body}    ==    300
    Get Field    ${stream}    failure    !=    null

Scripts of a sequence are played one after the other
    [Tags]    req:SELF-008
    ${refusal} =    Script Refusal    ${BACKEND}    429    retry_after=7 s
    ${answer} =    Script Answer    ${BACKEND}
    Script Sequence    ${BACKEND}    ${refusal}    ${answer}
    ${first} =    Send Payload    plain.json
    ${second} =    Send Payload    plain.json
    Get Header    ${first}    retry-after    ==    7
    Get Status    ${first}    ==    429
    Get Status    ${second}    ==    200

A client that leaves is noticed at once
    [Tags]    req:SELF-009
    Script Answer    ${BACKEND}    first_delay=5 s
    ${departure} =    Ask And Leave    Hello.    after=${CHUNK_DELAY}
    Get Time From Moment To Disconnect    ${BACKEND}    ${departure.at_s}    <    ${SCRIPTED_DISCONNECT_WITHIN_S}


*** Keywords ***
Speak To Scripted Backend
    [Documentation]    A scripted backend in the place of the gateway.
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=TEST
    VAR    ${GATEWAY_URL}    ${backend.url}    scope=TEST
    VAR    ${GATEWAY_API_KEY}    ${None}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST
