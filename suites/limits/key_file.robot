*** Settings ***
Documentation       Keys in a file: the file holds only their hashes, and each key has its limits.

Resource            ../../resources/limits.resource

Test Tags           kind:security    needs:scripted-backend


*** Test Cases ***
The key file holds hashes only
    [Tags]    req:KEYF-001
    ${key} =    Make Key    alice
    File Of Keys Should Hold Only The Hash    ${key}

A key from the file is accepted and another one is not
    [Tags]    req:KEYF-002
    Open Gateway With Key
    ${good} =    Send Chats    1
    ${bad} =    Send Payload    plain.json    api_key=gw-not-the-key
    Get Status Count    ${good}    200    ==    1
    Get Status    ${bad}    ==    401

A revoked key is refused within seconds
    [Tags]    req:KEYF-003
    Open Gateway With Key
    ${accepted} =    Send Chats    1
    Get Status Count    ${accepted}    200    ==    1
    ${revoked} =    Run Gateway Command    keys    revoke    alice    --file    ${KEY.file}
    Get Exit Code    ${revoked}    ==    0
    Status Should Become    401    within=5 s

The log names the key and does not show it
    [Tags]    req:KEYF-004
    Open Gateway With Key
    Send Chats    1
    Stop Gateway    ${GATEWAY}
    ${lines} =    Get Gateway Log Lines    "key_id":"alice"    ${GATEWAY}
    Get Number Of    log lines that name the key    ${lines}    >    0
    Gateway Log Should Not Contain    ${KEY.secret}    ${GATEWAY}

The list of keys does not show them
    [Tags]    req:KEYF-004
    ${key} =    Make Key    alice
    ${list} =    Run Gateway Command    keys    list    --file    ${key.file}
    Get Output    ${list}    stdout    contains    alice
    Text Should Not Contain The Key    ${list.stdout}${list.stderr}    ${key}

A limit of the key is kept
    [Tags]    req:KEYF-005
    Open Gateway With Key    --rpm    2
    ${answers} =    Send Chats    3
    Get Status Count    ${answers}    200    ==    2
    Get Status Count    ${answers}    429    ==    1

A budget ends and no waiting brings it back
    [Tags]    req:KEYF-006
    Open Gateway With Key    --budget-tokens    100
    ${answers} =    Send Chats    2    max_tokens=90
    Get Status    ${answers}[0]    ==    200
    Get Status    ${answers}[1]    ==    429
    Get Error Field    ${answers}[1]    code    ==    insufficient_quota
    Get Header    ${answers}[1]    x-should-retry    ==    false

Requests at once do not go beyond a budget together
    [Documentation]    Each reserves 45 of the 100 tokens, and uses 6.
    [Tags]    req:KEYF-006
    Open Gateway With Key    --budget-tokens    100
    ${answers} =    Send Chats Together While Held    5    ${BACKEND}    refused=3    max_tokens=40
    Get Status Count    ${answers}    200    ==    2
    Get Status Count    ${answers}    429    ==    3

Requests without max_tokens stay within a budget where the model's longest answer is configured
    [Documentation]    Each reserves 45 of the 100 tokens.
    [Tags]    req:KEYF-006    nightly
    Open Gateway With Key Before A Brief Model    --budget-tokens    100
    ${answers} =    Send Chats Together While Held    5    ${BACKEND}    refused=3    model="brief"
    Get Status Count    ${answers}    200    ==    2
    Get Status Count    ${answers}    429    ==    3

What was spent of a budget outlives the gateway
    [Tags]    req:KEYF-006
    Open Gateway With Key    --budget-tokens    100
    Send Chats    1    max_tokens=90
    Stop Gateway    ${GATEWAY}
    ${gateway} =    Start Gateway    config=${CONFIG}
    Speak To    ${gateway}    scripted
    VAR    ${GATEWAY_API_KEY}    ${KEY.secret}    scope=TEST
    ${answers} =    Send Chats    1    max_tokens=90
    Get Error Field    ${answers}[0]    code    ==    insufficient_quota


*** Keywords ***
Open Gateway With Key Before A Brief Model
    [Documentation]    Start a gateway with one key whose model `brief` never answers with more than 40 tokens.
    [Arguments]    @{options: str}
    ${key} =    Make Key    alice    @{options}
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    Add To Gateway Config    ${config}    keys    file=${key.file}
    Add To Gateway Config    ${config}    models.brief    route=[{"backend": "scripted"}]    answer_tokens=40
    Open Gateway From    ${backend}    ${config}
    VAR    ${GATEWAY_API_KEY}    ${key.secret}    scope=TEST
