*** Settings ***
Documentation       The gateway passes a stream that needs no translation on unchanged and at once. The scripted backend
...                 records when it sent each chunk.

Resource            ../../resources/gateway.resource
Library             keywords.measure.chunk_delays.ChunkDelaysLibrary

Suite Setup         Open Gateway Before All Kinds

Test Tags           needs:scripted-backend    needs:quiet-machine


*** Test Cases ***
A stream that needs no translation arrives byte for byte
    [Tags]    req:STRM-010    kind:functional
    Script Answer    ${BACKEND}    One${SPACE}    "answer",${SPACE}    s'il vous plaît.
    ${passed} =    Stream Chat    Hello.
    VAR    ${GATEWAY_URL}    ${BACKEND.url}    scope=TEST
    VAR    ${MODEL}    scripted    scope=TEST
    ${sent} =    Stream Chat    Hello.
    Get Field    ${passed}    exchange.body    ==    ${sent.exchange.body}

Chunks are passed on at once
    [Documentation]    A gateway that buffers chunks passes one on after the backend has sent the next. `tox run -e
    ...    race` measures the added delay in milliseconds.
    [Tags]    req:STRM-011    kind:performance
    ${delays} =    Measure Chunk Delays    ${BACKEND}
    Get Punctual Chunk Share    ${delays}    >=    ${PUNCTUAL_CHUNK_SHARE_MIN}
