*** Settings ***
Documentation       What a load run has measured stays, however it ends.

Resource            ../../resources/load.resource
Library             keywords.measure.load.kept.KeptLoadLibrary

Suite Setup         Start Server For Cases
Test Setup          Script Answer    ${BACKEND}

Test Tags           req:BENCH-017    kind:reliability    needs:scripted-backend    needs:signals


*** Test Cases ***
A load run that is killed keeps its requests but the last ones
    ${kept} =    End Load In Its Middle    SIGKILL
    Get Unstored Requests    ${kept}    <=    ${KEPT_LOST_MAX}

Ctrl-C ends a load run that keeps every request
    [Tags]    nightly
    ${kept} =    End Load In Its Middle    SIGINT
    Load Should Be Kept As Interrupted    ${kept}
    Get Unstored Requests    ${kept}    <=    ${KEPT_CHECKS}


*** Keywords ***
End Load In Its Middle
    [Documentation]    Load at a steady rate, and the signal once some requests came.
    [Arguments]    ${signal: str}
    ${kept} =    End Load Command    ${signal}    ${BACKEND}    --rate    ${KEPT_RATE}    --for    30s
    ...    after_requests=${KEPT_AFTER}
    RETURN    ${kept}
