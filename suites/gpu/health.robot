*** Settings ***
Documentation       Before any load, nothing is wrong with the GPU that its driver or NVIDIA's own diagnosis can tell.

Resource            ../../resources/gpu.resource

Test Tags           kind:reliability


*** Test Cases ***
The GPU has no critical finding
    [Tags]    req:GPU-004
    ${inventory} =    Get Gpu Inventory    device=${GPU_DEVICE}
    ${findings} =    Get Gpu Findings    ${inventory}
    Gpu Should Be Fit    ${findings}

NVIDIA's own diagnosis finds nothing
    [Tags]    req:GPU-010
    ${findings} =    Run Dcgm Diagnosis    level=1
    Gpu Should Be Fit    ${findings}
