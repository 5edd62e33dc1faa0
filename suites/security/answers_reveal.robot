*** Settings ***
Documentation       No answer repeats a key or a part of it, and no error shows the inside of the service.

Resource            ../../resources/gateway.resource
Library             keywords.client.raw_http.RawHttpLibrary
Library             keywords.security.key_guesses.KeyGuessesLibrary

Test Tags           kind:security


*** Test Cases ***
The refusal of a wrong key repeats no part of it
    [Tags]    req:KEYS-007    needs:api-key
    ${exchange}    ${key} =    Refuse Random Key
    Guess Should Be Refused    ${exchange}
    Answers Should Not Show Key    ${key}    ${exchange}

Answers do not repeat the right key
    [Tags]    req:KEYS-007    needs:api-key
    ${chat} =    Send Payload    plain.json
    ${models} =    Send Raw    GET    /v1/models
    Answers Should Not Show Key    ${None}    ${chat}    ${models}

An encoded line end in a header makes no header of the answer
    [Tags]    req:WIRE-008
    ${exchange} =    Write Request    GET    /v1/models    ${EMPTY}    X-Request-Id: a%0d%0aX-Forged: yes
    Get Status    ${exchange}    <    500
    Header Should Not Come    ${exchange}    x-forged

A line end in a header makes no header of the answer
    [Tags]    req:WIRE-008
    ${exchange} =    Write Request    GET    /v1/models    ${EMPTY}    X-Request-Id: a\rX-Forged: yes
    Header Should Not Come    ${exchange}    x-forged
