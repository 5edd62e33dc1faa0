*** Settings ***
Documentation       What a client may ask of the embedded model's engine is a list of what is safe. All else is refused
...                 where dropping it would change the answer, or dropped and named.

Resource            ../../resources/gateway.resource

Test Tags           kind:security    needs:embedded-model


*** Test Cases ***
A grammar is refused
    [Tags]    req:ENGN-001    smoke
    ${exchange} =    Send Chat    Hello.    grammar=root ::= "a"    max_tokens=1
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    grammar

A field that would take a gigabyte of memory is dropped and named
    [Tags]    req:ENGN-002
    ${exchange} =    Send Chat    Hello.    repeat_last_n=300000000    max_tokens=1
    Get Status    ${exchange}    ==    200
    Get Header    ${exchange}    x-gateway-dropped-params    ==    repeat_last_n

The engine's own name for a limit is refused
    [Tags]    req:ENGN-003    smoke
    ${exchange} =    Send Chat    Hello.    n_predict=600    max_tokens=1
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    n_predict

The newer of two limits counts
    [Tags]    req:ENGN-004    kind:functional
    ${answer} =    Ask    Tell me a story.    max_tokens=9    max_completion_tokens=2
    Get Usage    ${answer}    completion_tokens    ==    2

A definition of several lists of itself is refused
    [Tags]    req:ENGN-005
    ${exchange} =    Send Payload    schema_of_many_ways.json
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    response_format.json_schema.schema

An empty stop does not end the answer
    [Tags]    req:ENGN-006    kind:functional
    ${answer} =    Ask    Tell me a story.    max_tokens=4    temperature=0    extra={"stop": ""}
    Get Usage    ${answer}    completion_tokens    ==    4

An unknown form of thoughts is the client's error
    [Tags]    req:ENGN-007    kind:negative
    ${exchange} =    Send Chat    Hello.    reasoning_format=zzz
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    reasoning_format

Arguments for the template replace no conversation
    [Tags]    req:ENGN-008
    ${exchange} =    Send Chat    Hello.    chat_template_kwargs={"messages": []}
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    param    ==    chat_template_kwargs.messages
