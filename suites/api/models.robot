*** Settings ***
Documentation       A client can list the models that it may ask for.

Resource            ../../resources/gateway.resource
Library             keywords.client.models.ModelsLibrary

Test Tags           kind:functional


*** Test Cases ***
The list of models names the model that the rows ask
    [Tags]    req:MODL-001    smoke
    List Models    contains    ${MODEL}

The list of models is the configured one, whatever the backend offers
    [Tags]    req:MODL-001    needs:scripted-backend
    ${backend} =    Start Scripted Backend    scripted    not-for-clients
    Open Gateway Before    ${backend}
    List Models    ==    scripted

A model can be looked up by its id
    [Tags]    req:MODL-002
    ${found} =    Get Model    ${MODEL}
    Get Field    ${found}    id    ==    ${MODEL}
    Get Field    ${found}    object    ==    model

A client of Anthropic's finds the same model in its own shape
    [Tags]    req:MODL-004    needs:gateway
    ${exchange} =    Send Raw    GET    /v1/models/${MODEL}    ${None}    anthropic-version: 2023-06-01
    Get Body Field    ${exchange}    id    ==    ${MODEL}
    Get Body Field    ${exchange}    type    ==    model
    Get Body Field    ${exchange}    lifecycle    ==    active

A model that nobody offers is not found
    [Tags]    req:MODL-003    kind:negative
    ${exchange} =    Send Raw    GET    /v1/models/no-such-model
    Get Status    ${exchange}    ==    404
    Get Error Field    ${exchange}    code    ==    model_not_found

A stream of a model that nobody offers is refused
    [Tags]    req:ANSW-012    kind:negative
    ${exchange} =    Send Chat    Hello.    model=no-such-model    stream=true    max_tokens=1
    Get Status    ${exchange}    ==    404
    Get Error Field    ${exchange}    code    ==    model_not_found

A model that nobody offers is the client's error
    [Tags]    req:ANSW-013    kind:negative
    ${exchange} =    Send Payload    unknown_model.json
    Get Status    ${exchange}    ==    404
    Get Error Field    ${exchange}    type    ==    invalid_request_error
