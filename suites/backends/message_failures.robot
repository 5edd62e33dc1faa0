*** Settings ***
Documentation       A client of Anthropic's Messages gets an error for every failure at any kind of backend: refusals,
...                 and streams that break off.

Resource            ../../resources/gateway.resource
Library             keywords.client.sdk.anthropic.AnthropicSdkLibrary
Library             keywords.client.messages.MessagesLibrary

Suite Setup         Open Gateway Before All Kinds

Test Tags           needs:scripted-backend


*** Test Cases ***
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


*** Keywords ***
Broken Stream Of Kind Raises
    [Documentation]    One line of the table: the kind of backend, and how its stream breaks.
    [Arguments]    ${kind: str}    ${fault: str}
    Script Answer    ${BACKEND}
    Script Fault    ${BACKEND}    ${fault}    after=2
    Anthropic Stream Raises    APIStatusError    model=${kind}

Broken Stream Of Kind Ends With An Error
    [Documentation]    One line of the table: the kind of backend, and how its stream breaks, once it has begun.
    [Arguments]    ${kind: str}    ${fault: str}
    Script Answer    ${BACKEND}    chunk_delay=${CHUNK_DELAY}
    Script Fault    ${BACKEND}    ${fault}    after=2
    ${stream} =    Stream Message    model=${kind}
    Message Stream Should Say That It Broke Off    ${stream}

Status Of Backend Raises
    [Documentation]    One line of the table: the backend's refusal, and the class that the package raises.
    [Arguments]    ${status: int}    ${class: str}
    Script Refusal    ${BACKEND}    ${status}
    Anthropic Raises    ${class}    model=openai
