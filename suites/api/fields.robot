*** Settings ***
Documentation       The fields of a chat request reach a backend that speaks OpenAI's format as the client wrote them,
...                 byte for byte. Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource

Suite Setup         Open Gateway Before A Server Like OpenAI
Test Template       Payload Reaches The Backend Byte For Byte

Test Tags           kind:functional    needs:scripted-backend    req:CHAT-007


*** Test Cases ***    PAYLOAD
Tools, their calls and their results reach the backend
    fields_tools.json
A JSON schema for the answer reaches the backend
    fields_json_schema.json
What steers the sampling reaches the backend
    fields_sampling.json
Images in a message reach the backend
    fields_vision.json


*** Keywords ***
Open Gateway Before A Server Like OpenAI
    [Documentation]    Client and backend use the same model name, so that the gateway need not rewrite the body.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE

Payload Reaches The Backend Byte For Byte
    [Documentation]    One line of the table.
    [Arguments]    ${payload: str}
    ${exchange} =    Send Payload    ${payload}
    Get Status    ${exchange}    ==    200
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [-1].body    ==    ${exchange.request_body}
