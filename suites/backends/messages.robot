*** Settings ***
Documentation       Every kind of backend serves a client of Anthropic's Messages, tool calls and their results
...                 included. Each line of a table is one kind of backend.

Resource            ../../resources/gateway.resource
Library             keywords.client.sdk.anthropic.AnthropicSdkLibrary
Library             keywords.backend.request_bodies.RequestBodiesLibrary
Library             keywords.client.messages.MessagesLibrary

Suite Setup         Open Gateway Before All Kinds
Test Setup          Script Answer    ${BACKEND}

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
A message comes from a backend of every kind
    [Tags]    req:MSGS-007
    [Template]    Kind Answers With A Message
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

The anthropic package calls tools of a backend of every kind
    [Tags]    req:ASDK-004
    [Template]    Kind Calls A Tool
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

A result of a tool goes back to the model
    [Tags]    req:ASDK-004
    Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo"}
    ${message} =    Anthropic Message    Is it raining?    model=openai
    ${messages} =    Conversation With Result    Is it raining?    ${message}    Yes.
    Anthropic Message    ${EMPTY}    model=openai    messages=${messages}
    Get Request Field    ${BACKEND}    messages[1].tool_calls[0].function.name    ==    get_weather
    Get Request Field    ${BACKEND}    messages[2].role    ==    tool
    Get Request Field    ${BACKEND}    messages[2].content    ==    Yes.

Anthropic gets the client's own request
    [Tags]    req:MSGS-009
    ${exchange} =    Send Message    model=anthropic    system=Be brief.    container=c1
    Get Request Field    ${BACKEND}    system    ==    Be brief.
    Get Request Field    ${BACKEND}    container    ==    c1
    Get Header    ${exchange}    x-gateway-dropped-params    ==    ${None}

A server that counts tokens is asked for them
    [Tags]    req:OPER-010
    ${exchange} =    Send Raw    POST    /v1/messages/count_tokens
    ...    {"model": "vllm", "messages": [{"role": "user", "content": "a"}]}    Content-Type: application/json
    Get Body    ${exchange}    ==    {"input_tokens":7}

Who cannot count tokens says so in Anthropic's format
    [Tags]    req:MSGS-010    kind:negative
    [Template]    Count Is Refused
    openai
    azure
    nim
    ollama

What OpenAI's backend cannot take of a Messages request is named
    [Tags]    req:MSGS-009
    ${exchange} =    Send Message    model=openai    container=c1
    Get Header    ${exchange}    x-gateway-dropped-params    ==    container


*** Keywords ***
Kind Answers With A Message
    [Documentation]    One line of the table: plain and streamed, with the backend's counts.
    [Arguments]    ${kind: str}
    ${exchange} =    Send Message    model=${kind}
    Body Should Be A Message    ${exchange}
    ${stream} =    Stream Message    model=${kind}
    Message Stream Should Be In Order    ${stream}
    ${text} =    Get Body Field    ${exchange}    content[0].text
    Get Message Text    ${stream}    ==    ${text}

Kind Calls A Tool
    [Documentation]    One line of the table: plain and streamed.
    [Arguments]    ${kind: str}
    Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo"}    Let me see.
    ${tool} =    Describe Anthropic Tool    get_weather    city
    VAR    @{tools}    ${tool}
    ${whole} =    Anthropic Message    Is it raining?    model=${kind}    tools=${tools}
    Get Field    ${whole}    tool_uses    ==    get_weather {"city": "Oslo"}
    Get Field    ${whole}    stop_reason    ==    tool_use
    ${stream} =    Anthropic Stream    Is it raining?    model=${kind}    tools=${tools}
    Get Field    ${stream}    tool_uses    ==    ${whole.tool_uses}
    Get Field    ${stream}    text    ==    Let me see.

Count Is Refused
    [Documentation]    One line of the table: the gateway guesses no count, and names a model that can count.
    [Arguments]    ${kind: str}
    ${exchange} =    Send Raw    POST    /v1/messages/count_tokens
    ...    {"model": "${kind}", "messages": [{"role": "user", "content": "a"}]}    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Error Should Be An Anthropic Error    ${exchange}
    Get Body    ${exchange}    contains    'anthropic'
