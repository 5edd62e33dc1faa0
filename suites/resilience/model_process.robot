*** Settings ***
Documentation       The embedded model runs in a child process. When that process is killed, clients get an error at
...                 once and the gateway restarts it; when the gateway ends, no process is left behind.

Resource            ../../resources/gateway.resource
Library             keywords.client.broken_stream.BrokenStreamLibrary
Library             keywords.gateway.lifecycle.LifecycleLibrary

Test Setup          Open Gateway Of Its Own

Test Tags           kind:reliability    needs:embedded-model


*** Test Cases ***
A stream whose model dies ends with an error event
    [Tags]    req:RESL-001
    ${running} =    Start Stream    Tell me a very long story.    max_tokens=1500    extra={"ignore_eos": true}
    ${killed_at} =    Note Moment
    Kill Model Process Of Gateway    ${GATEWAY}
    ${stream} =    Finish Stream    ${running}
    Get Stream Error Code    ${stream}    ==    backend_disconnected
    Stream Should Say That It Broke Off    ${stream}
    Get Time From Moment To End    ${stream}    ${killed_at}    <    ${STREAM_ERROR_WITHIN_S}

A request whose model is away is refused
    [Tags]    req:RESL-002
    Kill Model Process Of Gateway    ${GATEWAY}
    ${exchange} =    Send Payload    plain.json
    Model Should Have Been Away    ${exchange}    ${GATEWAY}
    Get Status    ${exchange}    ==    503
    Get Header    ${exchange}    retry-after    matches    ^\\d+$
    Error Should Be An OpenAI Error    ${exchange}

The gateway is ready again soon after its model died
    [Tags]    req:RESL-003
    Kill Model Process Of Gateway    ${GATEWAY}
    Gateway Should Be Ready Within    ${READY_AGAIN_WITHIN}    ${GATEWAY}
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=24
    Get Text    ${answer}    contains    4

The gateway stays alive while its model is away
    [Tags]    req:RESL-004
    Kill Model Process Of Gateway    ${GATEWAY}
    ${ready} =    Send Raw    GET    /health/ready
    ${live} =    Send Raw    GET    /health/live
    Model Should Have Been Away    ${ready}    ${GATEWAY}
    Get Status    ${ready}    ==    503
    Get Status    ${live}    ==    200

A stopped gateway leaves no process behind
    [Tags]    req:RESL-005
    ${ended} =    Stop Gateway    ${GATEWAY}
    Get Field    ${ended}    forced    ==    false    The gateway did not end by itself and had to be killed
    Get Leftover Processes    ${ended}    ==    0

A killed gateway leaves no process behind
    [Tags]    req:RESL-006
    Kill Gateway    ${GATEWAY}
    ${ended} =    Stop Gateway    ${GATEWAY}
    Get Leftover Processes    ${ended}    ==    0
