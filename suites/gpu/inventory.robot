*** Settings ***
Documentation       The GPU is the expected one, and it is known what it tells and what it does not.

Resource            ../../resources/gpu.resource

Test Tags           kind:functional


*** Test Cases ***
There is a GPU
    [Tags]    req:GPU-002
    Get Gpu Count    >=    ${GPU_COUNT_MIN}

The GPU is as the file of expected products says
    [Tags]    req:GPU-002
    ${inventory} =    Get Gpu Inventory    device=${GPU_DEVICE}
    Gpu Inventory Should Match    ${inventory}    ${GPU_EXPECTED}

The GPU tells most of what there is to know, and why not the rest
    [Tags]    req:GPU-003
    ${inventory} =    Get Gpu Inventory    device=${GPU_DEVICE}
    Write Gpu Capabilities    ${inventory}
    Get Number Of Gpu Signals    ${inventory}    supported    >=    ${GPU_SIGNALS_MIN}
    Get Number Of Gpu Signals    ${inventory}    no permission    ==    0

A container sees the same GPU
    [Tags]    req:GPU-011    needs:container-engine
    ${inventory} =    Get Gpu Inventory    device=${GPU_DEVICE}
    Container Should See Gpu    ${inventory}    ${GPU_IMAGE}
