*** Settings ***
Documentation       The official `openai` package works against the gateway with nothing but another base URL, and
...                 raises its own exception types.

Resource            ../../resources/gateway.resource
Library             keywords.openai_sdk.OpenAISdkLibrary

Test Tags           kind:functional


*** Test Cases ***
The package chats
    [Tags]    req:SDKC-001
    ${answer} =    Sdk Chat    What is 2+2?    temperature=0    max_tokens=24
    Get Sdk Text    ${answer}    contains    4

The package streams and learns the usage
    [Tags]    req:SDKC-002
    ${answer} =    Sdk Chat    What is 2+2?    temperature=0    max_tokens=24
    ${stream} =    Sdk Stream    What is 2+2?    temperature=0    max_tokens=24
    Get Sdk Text    ${stream}    ==    ${answer.text}
    Get Sdk Usage    ${stream}    total_tokens    ==    ${answer.usage.total_tokens}

The package lists the models
    [Tags]    req:SDKC-003
    ${models} =    Sdk List Models
    List Should Contain Value    ${models}    ${MODEL}

A bad request raises the package's error for bad requests
    [Tags]    req:SDKC-004    kind:negative
    Sdk Bad Request Raises    BadRequestError

An unknown model raises the package's error for what is not found
    [Tags]    req:SDKC-005    kind:negative
    Sdk Unknown Model Raises    NotFoundError

A wrong key raises the package's error for authentication
    [Tags]    req:SDKC-006    kind:negative    needs:api-key
    Sdk Wrong Key Raises    AuthenticationError
