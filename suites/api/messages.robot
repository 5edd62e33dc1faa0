*** Settings ***
Documentation       A client of Anthropic's Messages gets Anthropic's format: plain answers, streams and refusals.

Resource            ../../resources/gateway.resource
Library             keywords.client.messages.MessagesLibrary

Test Tags           needs:gateway


*** Test Cases ***
A Messages request gets a message
    [Tags]    req:MSGS-001    kind:functional    smoke
    ${exchange} =    Send Message    What is 2+2?    system=Be brief.    max_tokens=8
    Get Status    ${exchange}    ==    200
    Body Should Be A Message    ${exchange}

The limit of a Messages request is kept
    [Tags]    req:MSGS-001    kind:functional
    ${exchange} =    Send Message    Tell me a story.    max_tokens=3
    Get Body Field    ${exchange}    stop_reason    ==    max_tokens
    Get Body Field    ${exchange}    usage.output_tokens    ==    3

A Messages stream comes in Anthropic's order
    [Tags]    req:MSGS-002    kind:functional
    ${stream} =    Stream Message    What is 2+2?
    Message Stream Should Be In Order    ${stream}

A message tells its request's id as Anthropic does
    [Tags]    req:MSGS-004    kind:functional
    ${exchange} =    Send Message    Hello.    max_tokens=1    headers=x-request-id: my-own-id
    Get Header    ${exchange}    request-id    ==    my-own-id

A Messages request that is refused gets Anthropic's error
    [Tags]    req:MSGS-003    kind:negative
    [Template]    Message Is Refused
    400    max_tokens=null
    400    max_tokens=-1
    400    messages=[]
    400    temperature=1.5
    400    system=7
    400    tools=[{"name": "no schema"}]
    404    model=no-such-model

A version of the API that looks otherwise is refused
    [Tags]    req:MSGS-005    kind:negative
    ${exchange} =    Send Message    headers=anthropic-version: 2023-01-01
    Get Status    ${exchange}    ==    400
    Error Should Be An Anthropic Error    ${exchange}

A request is checked by the version of the API that it names
    [Tags]    req:MSGS-005    kind:negative
    ${exchange} =    Send Message    temperature=1    headers=anthropic-version: 2026-10-21
    Get Status    ${exchange}    ==    400
    Get Body    ${exchange}    contains    'temperature'

What is refused before it is read gets Anthropic's error
    [Tags]    req:MSGS-003    kind:negative
    [Template]    Request To Messages Is Refused
    400    POST    /v1/messages    {"model":
    405    GET    /v1/messages    ${None}
    404    POST    /v1/messages/batches    {}
    400    POST    /v1/messages/count_tokens    {}

A body of a Messages request beyond the size limit gets Anthropic's error
    [Tags]    req:MSGS-003    kind:negative
    ${body} =    Body Of Bytes    ${BODY_BEYOND_LIMIT_BYTES}
    Request To Messages Is Refused    413    POST    /v1/messages    ${body}

A Messages request without a key gets Anthropic's error
    [Tags]    req:MSGS-006    kind:security    needs:api-key
    ${exchange} =    Send Message    key_in=none
    Get Status    ${exchange}    ==    401
    Error Should Be An Anthropic Error    ${exchange}


*** Keywords ***
Message Is Refused
    [Documentation]    One line of the table of refusals: the status, and the field that is wrong.
    [Arguments]    ${status: int}    &{fields: str}
    ${exchange} =    Send Message    Hello.    &{fields}
    Get Status    ${exchange}    ==    ${status}
    Error Should Be An Anthropic Error    ${exchange}

Request To Messages Is Refused
    [Documentation]    One line of the table of refusals without a wrong field.
    [Arguments]    ${status: int}    ${method: str}    ${path: str}    ${body: object}
    ${exchange} =    Send Raw    ${method}    ${path}    ${body}    Content-Type: application/json
    Get Status    ${exchange}    ==    ${status}
    Error Should Be An Anthropic Error    ${exchange}
