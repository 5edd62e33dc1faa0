*** Settings ***
Documentation       Whose fault a failure is decides what follows. One client's prompts take a backend from no other
...                 client. A backend that cannot carry a request leaves it to the next one of the route.

Resource            ../../resources/gateway.resource

Suite Setup         Open Gateway That Leaves Backends Alone
Test Setup          Script Answer    ${BACKEND}

Test Tags           kind:reliability    needs:scripted-backend


*** Variables ***
${FLAGGED}    {"error": {"code": 403, "message": "Your input was flagged"}}


*** Test Cases ***
A backend that cannot carry a request leaves it to the next one
    [Tags]    req:FALL-003
    ${exchange} =    Send Raw    POST    /v1/chat/completions    ${TWO_CHOICES}    Content-Type: application/json
    Get Header    ${exchange}    x-gateway-backend    ==    openai
    Get Header    ${exchange}    x-gateway-attempts    ==    1

A failure that may pass is told before what another backend cannot carry
    [Tags]    req:FALL-004    req:RTRY-007
    Script Refusal    ${BACKEND}    503    headers=retry-after: 2
    ${exchange} =    Send Raw    POST    /v1/chat/completions    ${TWO_CHOICES}    Content-Type: application/json
    Get Status    ${exchange}    ==    503
    Get Header    ${exchange}    retry-after    ==    2
    Get Header    ${exchange}    x-should-retry    ==    true

A flagged prompt is refused with the backend's words
    [Tags]    req:BACK-018
    Script Refusal    ${BACKEND}    403    ${FLAGGED}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    403
    Get Error Field    ${exchange}    message    contains    Your input was flagged

Flagged prompts of one client leave the backend to all others
    [Tags]    req:BRKR-006
    Script Refusal    ${BACKEND}    403    ${FLAGGED}
    Repeat Keyword    3 times    Send Payload    plain.json
    Script Answer    ${BACKEND}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    200

A backend that refuses the gateway's key is left alone
    [Tags]    req:BRKR-007
    Script Refusal    ${BACKEND}    403    {"error": {"code": 403, "message": "This key has no permission"}}
    Repeat Keyword    3 times    Send Chat    Hello.    model=nim
    ${exchange} =    Send Chat    Hello.    model=nim
    Get Status    ${exchange}    ==    503

A backend that refuses the gateway's key leaves the request to the next one
    [Tags]    req:FALL-005
    ${refusal} =    Script Refusal    ${BACKEND}    401
    ${answer} =    Script Answer    ${BACKEND}
    Script Sequence    ${BACKEND}    ${refusal}    ${answer}
    ${exchange} =    Send Chat    Hello.    model=either
    Get Header    ${exchange}    x-gateway-backend    ==    openai
    Get Header    ${exchange}    x-gateway-attempts    ==    2

An error under a status of success is an error
    [Tags]    req:BACK-019
    Script Refusal    ${BACKEND}    201    {"choices": [], "error": {"code": "429", "message": "Slow down."}}
    ${exchange} =    Send Payload    plain.json
    Get Status    ${exchange}    ==    429


*** Keywords ***
Open Gateway That Leaves Backends Alone
    [Documentation]    After three failures, for longer than the suite takes. The model `either` is on Ollama, which
    ...    gives one choice, and then on a backend that gives several.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config Of All Kinds    ${backend}
    Add To Gateway Config    ${config}    models.either    route=[{"backend": "ollama"}, {"backend": "openai"}]
    Add To Gateway Config    ${config}    breaker    consecutive_failures=3    open_s=60
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    openai
    VAR    ${BACKEND}    ${backend}    scope=SUITE
    VAR    ${TWO_CHOICES}    {"model": "either", "n": 2, "messages": [{"role": "user", "content": "Hello."}]}
    ...    scope=SUITE
