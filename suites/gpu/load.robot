*** Settings ***
Documentation       Under matrix products for some time, the GPU keeps its speed, and nothing is wrong with it then.

Resource            ../../resources/gpu.resource

Suite Setup         Put Matrix Products On Gpu

Test Tags           needs:quiet-machine


*** Test Cases ***
Neither heat nor protection slows the GPU
    [Tags]    req:GPU-007    kind:reliability
    Gpu Should Not Have Throttled    ${TELEMETRY}    window=run    device=${GPU_DEVICE}

The clock stays near its highest
    [Tags]    req:GPU-007    kind:performance
    Get Gpu Clock Share    ${TELEMETRY}    >    ${GPU_CLOCK_SHARE_MIN}    window=run    device=${GPU_DEVICE}

Products come at a good share of the datasheet's speed
    [Tags]    req:GPU-007    kind:performance
    ${inventory} =    Get Gpu Inventory    device=${GPU_DEVICE}
    Get Matrix Product Share    ${PRODUCTS}    ${inventory}    >    ${GPU_MATRIX_SHARE_MIN}

The driver sees the GPU work
    [Tags]    req:GPU-008    kind:functional
    Get Gpu Mean
    ...    ${TELEMETRY}
    ...    utilisation_percent
    ...    >
    ...    ${GPU_BUSY_PERCENT_MIN}
    ...    window=run
    ...    device=${GPU_DEVICE}

Energy by the counter is the integral of the power
    [Tags]    req:GPU-008    kind:functional
    ${energy} =    Get Gpu Energy    ${TELEMETRY}    window=run    device=${GPU_DEVICE}
    Get Field    ${energy}    disagreement    <    ${GPU_ENERGY_DISAGREEMENT_MAX}

Telemetry takes little of a core
    [Tags]    req:GPU-008    kind:performance
    Get Telemetry Cost    ${TELEMETRY}    <    ${GPU_TELEMETRY_CORE_SHARE_MAX}

The load leaves no critical finding
    [Tags]    req:GPU-009    kind:reliability
    ${findings} =    Get Gpu Findings Of Run    ${TELEMETRY}    ${KERNEL_LOG}
    Gpu Should Be Fit    ${findings}

The load leaves no memory behind
    [Tags]    req:GPU-009    kind:reliability
    Get Leaked Gpu Memory    ${TELEMETRY}    ==    0    device=${GPU_DEVICE}
