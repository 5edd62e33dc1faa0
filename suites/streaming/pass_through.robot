*** Settings ***
Documentation       Where nothing needs translation, the gateway hands a stream on as it is and at once. The scripted
...                 backend says when it sent each chunk.

Resource            ../../resources/gateway.resource
Library             keywords.measure.chunk_delays.ChunkDelaysLibrary

Suite Setup         Open Gateway Before All Kinds

Test Tags           needs:scripted-backend


*** Test Cases ***
A stream that needs no translation arrives byte for byte
    [Tags]    req:STRM-010    kind:functional
    Script Answer    ${BACKEND}    One${SPACE}    "answer",${SPACE}    s'il vous plaît.
    ${passed} =    Stream Chat    Hello.
    VAR    ${GATEWAY_URL}    ${BACKEND.url}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST
    ${sent} =    Stream Chat    Hello.
    Should Be Equal    ${passed.exchange.body}    ${sent.exchange.body}

Chunks are passed on at once
    [Documentation]    A gateway that gathers chunks passes one on after the backend has sent the next. How fast the
    ...    gateway is, and its added delay in milliseconds, is a benchmark's matter: `tox run -e race`.
    [Tags]    req:STRM-011    kind:performance
    ${delays} =    Measure Chunk Delays    ${BACKEND}
    Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
