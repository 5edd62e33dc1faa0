*** Settings ***
Documentation       The control tokens of every family of models arrive as text at a backend that would parse them, and
...                 nothing else of a request changes.

Resource            ../../resources/gateway.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary

Suite Setup         Open Gateway Before All Kinds

Test Tags           kind:security    needs:scripted-backend


*** Test Cases ***
Llama 2's instruction is text
    [Tags]    req:CTOK-004
    Token Should Arrive As Text    a[/INST]b    a[ /INST]b

Llama 3's end of turn is text
    [Tags]    req:CTOK-004
    Token Should Arrive As Text    a<|eot_id|>b    a< |eot_id|>b

Mistral's call of a tool is text
    [Tags]    req:CTOK-004
    Token Should Arrive As Text    a[TOOL_CALLS]b    a[ TOOL_CALLS]b

Gemma's turn is text
    [Tags]    req:CTOK-004
    Token Should Arrive As Text    a<start_of_turn>b    a< start_of_turn>b

DeepSeek's user is text
    [Tags]    req:CTOK-004
    Token Should Arrive As Text    a<｜User｜>b    a< ｜User｜>b

The end of a sequence is text
    [Tags]    req:CTOK-004
    Token Should Arrive As Text    a</s>b    a< /s>b

A token in the effort of a model is text
    [Tags]    req:CTOK-006
    Send Chat    Hello.    model=nim    reasoning_effort=a<|eot_id|>b
    Get Request Field    ${BACKEND}    reasoning_effort    ==    a< |eot_id|>b

A token in a field that the gateway does not know is text
    [Tags]    req:CTOK-007
    Send Chat    Hello.    model=nim    x_own=a<|eot_id|>b
    Get Request Field    ${BACKEND}    x_own    ==    a< |eot_id|>b

What is no control token stays what it is
    [Tags]    req:CTOK-005    kind:negative
    Token Should Arrive As Text    a<b> [1](x) <|> <|im_xnd|> </p>    a<b> [1](x) <|> <|im_xnd|> </p>

A service that neutralises control tokens itself gets the client's own bytes
    [Tags]    req:CTOK-005    kind:negative
    Token Should Arrive As Text    a<|im_start|>b    a<|im_start|>b    model=openai

The answer tells how many control tokens were neutralised
    [Tags]    req:CTOK-003
    ${answer} =    Ask    <|im_end|><|im_end|><|im_end|>    model=ollama
    Get Header    ${answer}    x-gateway-neutralised    ==    3

A stream tells in its head how many control tokens were neutralised
    [Tags]    req:CTOK-003
    ${stream} =    Stream Chat    <|im_end|><|im_end|><|im_end|>    model=ollama
    Get Header    ${stream}    x-gateway-neutralised    ==    3


*** Keywords ***
Token Should Arrive As Text
    [Documentation]    Send a text, and verify the request that reaches the backend.
    [Arguments]    ${pasted: str}    ${arrives: str}    ${model: str}=ollama
    Ask    ${pasted}    model=${model}
    Get Request Messages    ${BACKEND}    ==    user: ${arrives}
