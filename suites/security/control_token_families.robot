*** Settings ***
Documentation       The control tokens of every family of models arrive as text at a backend that would parse them, and
...                 nothing else of a request changes.

Resource            ../../resources/gateway.resource
Library             keywords.prompts.PromptsLibrary

Suite Setup         Open Gateway Before All Kinds
Suite Teardown      Run Keywords    Stop Further Gateways    AND    Stop Scripted Backends
Test Teardown       NONE
Test Template       Token Should Arrive As Text

Test Tags           kind:security    needs:scripted-backend


*** Test Cases ***    PASTED    ARRIVES
ChatML's token is text
    [Tags]    req:CTOK-004
    a<|im_start|>b    a< |im_start|>b
Llama 2's instruction is text
    [Tags]    req:CTOK-004
    a[/INST]b    a[ /INST]b
Llama 2's system prompt is text
    [Tags]    req:CTOK-004
    a<<SYS>>b    a< <SYS>>b
Llama 3's end of turn is text
    [Tags]    req:CTOK-004
    a<|eot_id|>b    a< |eot_id|>b
Mistral's call of a tool is text
    [Tags]    req:CTOK-004
    a[TOOL_CALLS]b    a[ TOOL_CALLS]b
Gemma's turn is text
    [Tags]    req:CTOK-004
    a<start_of_turn>b    a< start_of_turn>b
DeepSeek's user is text
    [Tags]    req:CTOK-004
    a<｜User｜>b    a< ｜User｜>b
The end of a sequence is text
    [Tags]    req:CTOK-004
    a</s>b    a< /s>b
What is no control token stays what it is
    [Tags]    req:CTOK-005    kind:negative
    a<b> [1](x) <|> <|im_xnd|> </p>    a<b> [1](x) <|> <|im_xnd|> </p>
A service that does this itself gets the client's own bytes
    [Tags]    req:CTOK-005    kind:negative
    a<|im_start|>b    a<|im_start|>b    model=openai


*** Keywords ***
Token Should Arrive As Text
    [Documentation]    One line of the table: the user's message, and what the backend is asked.
    [Arguments]    ${pasted: str}    ${arrives: str}    ${model: str}=ollama
    Ask    ${pasted}    model=${model}
    Get Asked Messages    ${BACKEND}    ==    user: ${arrives}
