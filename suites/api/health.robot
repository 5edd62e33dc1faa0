*** Settings ***
Documentation       Health answers are true and cost nothing: a probe spends no token. The row, not the probe, keeps the
...                 evidence.

Resource            ../../resources/gateway.resource
Library             keywords.measure.health.HealthLibrary
Library             keywords.measure.latency.LatencyLibrary

Test Tags           kind:functional    needs:gateway


*** Test Cases ***
Health answers who is there
    [Tags]    req:HLTH-001    smoke
    ${response} =    GET    ${GATEWAY_URL}/health
    Save Evidence    health    ${response}
    Get Body Field    ${response}    status    ==    ok
    Get Body Field    ${response}    service    ==    llm-gateway
    Get Body Field    ${response}    version    matches    ^\\d+\\.\\d+

The gateway under test is the one that this run started
    [Tags]    req:HLTH-002    smoke    needs:own-gateway
    ${response} =    GET    ${GATEWAY_URL}/health
    Get Body Field    ${response}    instance    ==    ${TARGET.gateway.instance}

Ready means that each model can answer
    [Tags]    req:HLTH-003    smoke
    ${response} =    GET    ${GATEWAY_URL}/health/ready
    Save Evidence    ready    ${response}
    Json Body Should Have Key    ${response}    models    ${MODEL}

A model whose backend is gone is not ready
    [Tags]    req:HLTH-003    kind:negative    needs:scripted-backend
    ${backend} =    Start Scripted Backend
    Open Gateway Before    ${backend}
    Stop Scripted Backend    ${backend}
    ${exchange} =    Send Raw    GET    /health/ready
    Get Status    ${exchange}    ==    503
    Get Error Field    ${exchange}    message    contains    check that it runs

Health is open to a probe without a key
    [Tags]    req:HLTH-004    needs:api-key
    ${health} =    Send Raw    GET    /health    api_key=${EMPTY}
    ${live} =    Send Raw    GET    /health/live    api_key=${EMPTY}
    ${ready} =    Send Raw    GET    /health/ready    api_key=${EMPTY}
    Get Status    ${health}    ==    200
    Get Status    ${live}    ==    200
    Get Status    ${ready}    ==    200

A health probe is quick
    [Tags]    req:HLTH-005    kind:performance
    ${probes} =    Send Probes    /health/live    times=${HEALTH_PROBES}
    Get Latency    ${probes}    p95    <    ${HEALTH_P95_S}

Readiness costs the backend no token
    [Tags]    req:HLTH-006    needs:scripted-backend
    ${backend} =    Start Scripted Backend
    Open Gateway Before    ${backend}
    Send Probes    /health/ready    times=20
    Get Request Count    ${backend}    ==    0

Health stays good
    [Tags]    -needs:gateway    req:HLTH-007
    ${address} =    Find Health Address
    ${probes} =    Send Probes    ${address}    times=${HEALTHY_PROBES}
    Get Latency    ${probes}    p50    <    ${LIST_WITHIN_S}

Health is told while an answer is generated
    [Tags]    -needs:gateway    req:HLTH-008    kind:reliability
    ${address} =    Find Health Address
    ${probes} =    Send Probes During Stream    ${address}    times=5
    Get Latency    ${probes}    p50    <    ${LIST_WITHIN_S}

Health asks no key
    [Documentation]    A server that refuses every address without a key, and has no health address, is no defect.
    [Tags]    -needs:gateway    req:HLTH-004
    Health Should Need No Key
