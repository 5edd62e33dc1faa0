*** Settings ***
Documentation       A client can list the models that it may ask for.

Resource            ../../resources/gateway.resource
Library             keywords.client.models.ModelsLibrary

Test Tags           kind:functional


*** Test Cases ***
The list of models names the model that the rows ask
    [Tags]    req:MODL-001    smoke
    ${models} =    List Models
    List Should Contain Value    ${models}    ${MODEL}

The list of models is the configured one, whatever the backend offers
    [Tags]    req:MODL-001    needs:scripted-backend
    ${backend} =    Start Scripted Backend    scripted    not-for-clients
    Open Gateway Before    ${backend}
    List Models    ==    scripted

A model can be looked up by its id
    [Tags]    req:MODL-002
    ${found} =    Get Model    ${MODEL}
    Should Be Equal    ${found}[id]    ${MODEL}
    Should Be Equal    ${found}[object]    model

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
