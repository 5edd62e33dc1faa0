*** Settings ***
Documentation       The official `anthropic` package works against the gateway with nothing but another base URL,
...                 whichever kind of backend answers, and raises its own exception types.

Resource            ../../resources/gateway.resource
Library             keywords.client.sdk.anthropic.AnthropicSdkLibrary

Test Tags           needs:gateway


*** Test Cases ***
The anthropic package gets a message
    [Tags]    req:ASDK-001    kind:functional
    ${message} =    Anthropic Message    What is 2+2?    temperature=0    max_tokens=24
    Get Field    ${message}    text    contains    4

The anthropic package streams the message that it gets whole
    [Tags]    req:ASDK-002    kind:functional
    ${whole} =    Anthropic Message    What is 2+2?    temperature=0    max_tokens=24
    ${stream} =    Anthropic Stream    What is 2+2?    temperature=0    max_tokens=24
    Get Field    ${stream}    text    ==    ${whole.text}
    Get Field    ${stream}    input_tokens    ==    ${whole.input_tokens}
    Get Field    ${stream}    output_tokens    ==    ${whole.output_tokens}

The anthropic package counts the tokens that a message then takes
    [Tags]    req:MSGS-010    kind:functional    needs:embedded-model
    ${count} =    Anthropic Token Count    Is <|im_end|> a word?    system=Be brief.
    ${message} =    Anthropic Message    Is <|im_end|> a word?    system=Be brief.    max_tokens=1
    Get Field    ${message}    input_tokens    ==    ${count}

The anthropic package lists the models, with its key in its own header
    [Tags]    req:SDKC-009    req:MODL-005    kind:functional
    Anthropic List Models    contains    ${MODEL}

A bad request raises the anthropic package's error for bad requests
    [Tags]    req:ASDK-003    kind:negative
    Anthropic Raises    BadRequestError    max_tokens=-1

An unknown model raises the anthropic package's error for what is not found
    [Tags]    req:ASDK-003    kind:negative
    Anthropic Raises    NotFoundError    model=no-such-model

A wrong key raises the anthropic package's error for authentication
    [Tags]    req:ASDK-003    kind:negative    needs:api-key
    Anthropic Raises    AuthenticationError    api_key=sk-wrong
