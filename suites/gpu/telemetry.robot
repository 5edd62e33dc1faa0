*** Settings ***
Documentation       What a GPU does can be watched by the dashboards that people have.

Resource            ../../resources/gpu.resource

Test Tags           kind:functional


*** Test Cases ***
Telemetry is served under the names of DCGM's exporter
    [Tags]    req:GPU-012
    ${session} =    Start Gpu Telemetry    devices=${GPU_DEVICE}    serves_metrics=True
    Get Gpu Metrics    ${session}    contains    DCGM_FI_DEV_GPU_TEMP{gpu="${GPU_DEVICE}",UUID="GPU-
    Get Gpu Metrics    ${session}    contains    DCGM_FI_DEV_FB_USED{
