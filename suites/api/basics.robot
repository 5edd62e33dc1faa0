*** Settings ***
Documentation       What most other rows rely on. These rows come before them, so that a server that lacks something
...                 basic fails the row about just that, and not one that stumbles over it.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary
Library             keywords.security.key_guesses.KeyGuessesLibrary

Test Tags           kind:functional


*** Test Cases ***
A token limit keeps an answer short
    [Tags]    req:FLDS-019    smoke
    Answer Should Show    a short answer

A higher limit makes the same answer longer
    [Tags]    req:ANSW-010
    Answer Should Show    a longer answer

A stream ends with a finish reason and a closing mark
    [Tags]    req:STRM-001    smoke
    ${stream} =    Stream Chat    What is 2+2?    temperature=0    max_tokens=24
    Stream Should Be Closed Properly    ${stream}

The same request at temperature 0 gets the same answer
    [Tags]    req:DETM-001    smoke
    ${first} =    Ask    Tell me a story.    temperature=0    max_tokens=16
    ${second} =    Ask    Tell me a story.    temperature=0    max_tokens=16
    Get Text    ${second}    ==    ${first.text}

The same seed gets the same answer
    [Tags]    req:DETM-002
    ${first} =    Ask    Tell me a story.    temperature=1    seed=7    max_tokens=16
    ${second} =    Ask    Tell me a story.    temperature=1    seed=7    max_tokens=16
    Get Text    ${second}    ==    ${first.text}

A stream says the same as the plain answer
    [Tags]    req:STRM-002    smoke
    ${answer} =    Ask    Name three colours.    temperature=0    max_tokens=16
    ${stream} =    Stream Chat    Name three colours.    temperature=0    max_tokens=16
    Get Text    ${stream}    ==    ${answer.text}

Errors show nothing of the inside
    [Tags]    req:WIRE-007    kind:security
    ${refusals} =    Send Bad Requests
    Answers Should Show No Insides    @{refusals}

Errors do not repeat the right key
    [Tags]    req:KEYS-007    needs:api-key    kind:security
    ${refusals} =    Send Bad Requests
    Answers Should Not Show Key    ${None}    @{refusals}

A request without messages is refused
    [Tags]    req:ERRF-001    kind:negative    smoke
    Chat Request Is Refused    no_messages.json    400    messages    missing_required_parameter

A chat without a key is refused
    [Tags]    req:KEYS-001    needs:api-key    kind:security    smoke
    ${exchange} =    Send Raw    POST    /v1/chat/completions    {}    api_key=${EMPTY}
    Get Status    ${exchange}    ==    401
    Get Error Field    ${exchange}    code    ==    invalid_api_key

A chat with a wrong key is refused
    [Tags]    req:KEYS-001    needs:api-key    kind:security
    ${exchange} =    Send Payload    plain.json    api_key=qa-not-the-key
    Get Status    ${exchange}    ==    401
    Get Error Field    ${exchange}    code    ==    invalid_api_key
