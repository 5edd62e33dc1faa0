*** Settings ***
Documentation       The GPU computes what the processor computes, and moves memory as fast as its datasheet lets expect.

Resource            ../../resources/gpu.resource


*** Test Cases ***
A million sums of an installed library are right
    [Tags]    req:GPU-005    kind:functional
    Gpu Should Add Vectors    python    ${GPU_PYTHON}    device=${GPU_DEVICE}

A million sums of a compiled program are right
    [Tags]    req:GPU-005    kind:functional
    Gpu Should Add Vectors    nvcc    device=${GPU_DEVICE}

Memory is copied at a good share of the datasheet's bandwidth
    [Tags]    req:GPU-006    kind:performance    needs:quiet-machine
    ${inventory} =    Get Gpu Inventory    device=${GPU_DEVICE}
    ${copies} =    Copy Gpu Memory    ${GPU_COPY}    ${GPU_PYTHON}    device=${GPU_DEVICE}
    Get Bandwidth Share    ${copies}    ${inventory}    >    ${GPU_BANDWIDTH_SHARE_MIN}
