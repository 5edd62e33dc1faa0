*** Settings ***
Documentation       The suite verified by what it finds: gateways with one planted defect each, and the requirements
...                 that must fail. It runs the rows of the other suites; a wire before a sound gateway plants the
...                 defect.

Resource            ../../resources/gateway.resource
Library             keywords.run.planted_defects.PlantedDefectsLibrary

Test Template       Defect Is Found

Test Tags           req:SELF-010    req:SELF-011    kind:functional    needs:own-gateway


*** Test Cases ***    DEFECT    A FAILED ROW SAYS    REQUIREMENTS
A gateway that accepts any key is found
    any key accepted    The status should be 401, got 200    KEYS-001
A gateway that ignores keys is found
    keys ignored    The status should be 401, got 200    KEYS-001    MSGS-006
A gateway that calls itself another service is found
    another service    service in the body should be 'llm-gateway', got 'another-gateway'    HLTH-001
A gateway that names another instance is found
    [Tags]    nightly
    another instance    instance 'of-another-run'    HLTH-002
A gateway that logs keys is found
    key in the log    gateway-1.log contains '<secret>'    KEYS-003
A gateway that counts one token too many is found
    usage off by one    tokens each should be 8, got 9    CHAT-004    STRM-003
A gateway that keeps no ledger is found
    silent ledger    sqlite3 holds no request    OBSV-001
A gateway without a defect passes the same rows
    [Template]    Gateway Passes
    KEYS-001    MSGS-006    HLTH-001    HLTH-002    KEYS-003    CHAT-004    STRM-003    OBSV-001


*** Keywords ***
Defect Is Found
    [Documentation]    A line of the table.
    [Arguments]    ${defect: str}    ${saying: str}    @{requirements: str}
    ${child} =    Run Rows Against Defect    ${defect}    @{requirements}
    Requirements Should Have Failed    ${child}    ${saying}    @{requirements}

Gateway Passes
    [Documentation]    The control of the table: the wire alone, which the rows do not notice.
    [Arguments]    @{requirements: str}
    ${child} =    Run Rows Against Defect    none    @{requirements}
    Every Row Should Have Passed    ${child}
