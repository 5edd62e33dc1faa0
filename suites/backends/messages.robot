*** Settings ***
Documentation       A client of Anthropic's Messages is served by a backend of every kind: calls of tools and their
...                 results, refusals, and streams that break off. Each line of a table is one kind of backend.

Resource            ../../resources/gateway.resource
Library             keywords.anthropic_sdk.AnthropicSdkLibrary
Library             keywords.messages.MessagesLibrary

Suite Setup         Open Gateway Before All Kinds
Suite Teardown      Run Keywords    Stop Further Gateways    AND    Stop Scripted Backends
Test Teardown       No Operation

Test Tags           needs:scripted-backend


*** Test Cases ***
A message comes from a backend of every kind
    [Tags]    req:MSGS-007    kind:functional
    [Template]    Kind Answers With A Message
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

The anthropic package calls tools of a backend of every kind
    [Tags]    req:ASDK-004    kind:functional
    [Template]    Kind Calls A Tool
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

A result of a tool goes back to the model
    [Tags]    req:ASDK-004    kind:functional
    Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo"}
    ${message} =    Package Message    Is it raining?    model=openai
    ${messages} =    Conversation With Result    Is it raining?    ${message}    Yes.
    Package Message    ${EMPTY}    model=openai    messages=${messages}
    ${asked} =    Get Last Request
    Should Be Equal    ${asked}[messages][1][tool_calls][0][function][name]    get_weather
    Should Be Equal    ${asked}[messages][2][role]    tool
    Should Be Equal    ${asked}[messages][2][content]    Yes.

A stream that breaks off tells the anthropic package
    [Tags]    req:ASDK-005    kind:reliability
    [Template]    Broken Stream Of Kind Raises
    openai    cut
    openai    error
    anthropic    cut
    anthropic    error
    ollama    cut

A stream that breaks off ends with Anthropic's error event
    [Tags]    req:MSGS-008    kind:reliability
    [Template]    Broken Stream Of Kind Ends With An Error
    openai    cut
    openai    bad_json
    anthropic    cut
    anthropic    bad_json
    ollama    close

A refusal of a backend raises the anthropic package's own error
    [Tags]    req:ASDK-003    kind:negative
    [Template]    Status Of Backend Raises
    429    RateLimitError
    503    OverloadedError
    529    OverloadedError
    504    GatewayTimeoutError

Anthropic gets the client's own request
    [Tags]    req:MSGS-009    kind:functional
    ${exchange} =    Send Message    model=anthropic    system=Be brief.    container=c1
    ${asked} =    Get Last Request
    Should Be Equal    ${asked}[system]    Be brief.
    Should Be Equal    ${asked}[container]    c1
    Get Header    ${exchange}    x-gateway-dropped-params    ==    ${None}

What another backend cannot take is named
    [Tags]    req:MSGS-009    kind:functional
    ${exchange} =    Send Message    model=openai    container=c1
    Get Header    ${exchange}    x-gateway-dropped-params    ==    container


*** Keywords ***
Kind Answers With A Message
    [Documentation]    One line of the table: whole and streamed, with the counts that the backend tells.
    [Arguments]    ${kind: str}
    Script Answer    ${BACKEND}
    ${exchange} =    Send Message    model=${kind}
    Body Should Be A Message    ${exchange}
    ${stream} =    Stream Message    model=${kind}
    Message Stream Should Be In Order    ${stream}
    Get Message Text    ${stream}    ==    ${exchange.json()}[content][0][text]

Kind Calls A Tool
    [Documentation]    One line of the table: whole and streamed.
    [Arguments]    ${kind: str}
    Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo"}    Let me see.
    ${tool} =    Describe Package Tool    get_weather    city
    VAR    @{tools}    ${tool}
    ${whole} =    Package Message    Is it raining?    model=${kind}    tools=${tools}
    Should Be Equal    ${whole.tool_uses}    get_weather {"city": "Oslo"}
    Should Be Equal    ${whole.stop_reason}    tool_use
    ${stream} =    Package Stream    Is it raining?    model=${kind}    tools=${tools}
    Should Be Equal    ${stream.tool_uses}    ${whole.tool_uses}
    Should Be Equal    ${stream.text}    Let me see.

Broken Stream Of Kind Raises
    [Documentation]    One line of the table: the kind of backend, and how its stream breaks.
    [Arguments]    ${kind: str}    ${fault: str}
    Script Answer    ${BACKEND}
    Script Fault    ${BACKEND}    ${fault}    after=2
    Package Stream Raises    APIStatusError    model=${kind}

Broken Stream Of Kind Ends With An Error
    [Documentation]    One line of the table: the kind of backend, and how its stream breaks.
    [Arguments]    ${kind: str}    ${fault: str}
    Script Answer    ${BACKEND}
    Script Fault    ${BACKEND}    ${fault}    after=2
    ${stream} =    Stream Message    model=${kind}
    Message Stream Should Say That It Broke Off    ${stream}

Status Of Backend Raises
    [Documentation]    One line of the table: what the backend says, and the class that the package raises.
    [Arguments]    ${status: int}    ${class: str}
    Script Refusal    ${BACKEND}    ${status}
    Package Raises    ${class}    model=openai

Get Last Request
    [Documentation]    The body of the request that came last to the backend.
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    RETURN    ${recorded[-1].json()}
