*** Settings ***
Documentation       A stream flows: its first words come soon, it never stops for long, and it ends when it is done.
...                 Times above their limits are judged against how busy this machine is at the moment.

Resource            ../../resources/gateway.resource
Library             keywords.measure.pace.PaceLibrary

Test Tags           kind:performance    needs:quiet-machine


*** Test Cases ***
The first words of a stream come in time
    [Tags]    req:PACE-003
    ${stream} =    Stream Chat    Say hello.    temperature=0    max_tokens=4
    Get Time To First Content    ${stream}    <    ${FIRST_CHUNK_WITHIN_S}

A stream is never silent for long
    [Tags]    req:PACE-004
    ${stream} =    Stream Chat    Tell me a long story.    temperature=0    max_tokens=60
    Get Longest Silence    ${stream}    <    ${SILENCE_BELOW_S}

Words follow each other as fast as they are read
    [Tags]    req:PACE-004
    ${stream} =    Stream Chat    Tell me a long story.    temperature=0    max_tokens=20
    Get Median Gap    ${stream}    <    ${MEDIAN_GAP_BELOW_S}

Words do not come in bursts
    [Documentation]    A proxy that gathers some kilobytes brings a stream in a few large reads.
    [Tags]    req:PACE-004
    ${stream} =    Stream Chat    Tell me a long story.    temperature=0    max_tokens=60
    Get Largest Burst Share    ${stream}    <=    ${BURST_SHARE_MAX}

A stream ends when it says that it is done
    [Tags]    req:PACE-005
    ${stream} =    Stream Chat    Say hello.    temperature=0    max_tokens=4
    Get Time After Closing Mark    ${stream}    <    ${STREAM_ENDS_WITHIN_S}

Streams that are asked for together run side by side
    [Tags]    req:PACE-006
    ${streams} =    Stream Together    Tell me a long story.    times=4
    Streams Should Run Side By Side    ${streams}
