*** Settings ***
Documentation       Users are served from the GPU through the gateway, and what the GPU did lies beside their requests
...                 on one clock. The server is the one at `-v GPU_SERVER_URL`, or our own around transformers.

Resource            ../../resources/gpu_serving.resource

Suite Setup         Put Load On Gpu Through Gateway

Test Tags           req:GPU-013    needs:quiet-machine


*** Test Cases ***
Every request through the gateway is answered
    [Tags]    kind:reliability
    Load Run Should Be Valid    ${RUN}
    Get Error Rate    ${RUN}    ==    0

The first text comes in time, or the GPU's evidence says why not
    [Tags]    kind:performance
    Service Level Should Hold On Gpu    ${RUN}    ${GPU_TTFT_LEVEL}    ${TELEMETRY}    device=${GPU_DEVICE}

The GPU is not slowed while it serves
    [Tags]    kind:reliability
    Gpu Should Not Have Throttled    ${TELEMETRY}    window=run    device=${GPU_DEVICE}

A token takes no more energy than stated
    [Tags]    kind:performance
    ${tokens} =    Get Generated Tokens    ${RUN}
    Get Energy Per Token    ${TELEMETRY}    ${tokens}    <    ${GPU_JOULES_PER_TOKEN_MAX}    device=${GPU_DEVICE}

Requests and the GPU's samples meet on one clock
    [Tags]    kind:functional
    Get Number Of Joined Requests    ${RUN}    ${TELEMETRY}    >    0    device=${GPU_DEVICE}
