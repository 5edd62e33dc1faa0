*** Settings ***
Documentation       The official `openai` package works against the gateway with nothing but another base URL, and
...                 raises its own exception types.

Resource            ../../resources/gateway.resource
Library             keywords.client.sdk.openai.OpenAISdkLibrary

Test Tags           kind:functional


*** Test Cases ***
The package chats
    [Tags]    req:SDKC-001
    ${answer} =    OpenAI Chat    What is 2+2?    temperature=0    max_tokens=24
    Get OpenAI Text    ${answer}    contains    4

The package streams and learns the usage
    [Tags]    req:SDKC-002
    ${answer} =    OpenAI Chat    What is 2+2?    temperature=0    max_tokens=24
    ${stream} =    OpenAI Stream    What is 2+2?    temperature=0    max_tokens=24
    Get OpenAI Text    ${stream}    ==    ${answer.text}
    ${tokens} =    Get OpenAI Usage    ${answer}    total_tokens
    Get OpenAI Usage    ${stream}    total_tokens    ==    ${tokens}

The package lists the models
    [Tags]    req:SDKC-003
    OpenAI List Models    contains    ${MODEL}

A bad request raises the package's error for bad requests
    [Tags]    req:SDKC-004    kind:negative
    OpenAI Bad Request Raises    BadRequestError

An unknown model raises the package's error for what is not found
    [Tags]    req:SDKC-005    kind:negative
    OpenAI Unknown Model Raises    NotFoundError

A wrong key raises the package's error for authentication
    [Tags]    req:SDKC-006    kind:negative    needs:api-key
    OpenAI Wrong Key Raises    AuthenticationError
