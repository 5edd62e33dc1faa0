*** Settings ***
Documentation       What a driver refuses is told with the reason and the remedy, and is never taken for a 0.

Resource            ../../resources/gpu.resource

Test Template       Refusal Is Told

Test Tags           req:GPU-001    kind:negative


*** Test Cases ***    REFUSAL    REASON
A missing driver is told
    no driver    No NVIDIA driver here
A GPU that is not there is told with the number of those that are
    bad index    the driver lists
A missing permission is told
    no permission    Insufficient Permissions


*** Keywords ***
Refusal Is Told
    [Documentation]    A line of the table: what is refused, and words of the reason.
    [Arguments]    ${refusal: str}    ${reason: str}
    ${answer} =    Ask Gpu Under Refusal    ${refusal}
    Get Field    ${answer}    state    ==    ${refusal}
    Get Field    ${answer}    reason    contains    ${reason}
    Get Field    ${answer}    value    ==    ${None}
