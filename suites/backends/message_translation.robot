*** Settings ***
Documentation       What changes on the way between Anthropic's Messages and a backend that speaks OpenAI's format:
...                 either side gets what it demands.

Resource            ../../resources/gateway.resource
Library             keywords.backend.request_bodies.RequestBodiesLibrary
Library             keywords.client.messages.MessagesLibrary

Suite Setup         Open Gateway Before All Kinds
Test Setup          Script Answer    ${BACKEND}

Test Tags           needs:scripted-backend


*** Variables ***
${USED}                      {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
${USE}                       {"role": "assistant", "content": [${USED}]}
${RESULT}                    {"type": "tool_result", "tool_use_id": "t1", "content": "12"}
${PIXEL}                     {"type": "base64", "media_type": "image/png", "data": "AA=="}
${PICTURE}                   {"type": "image", "source": ${PIXEL}}
${TEXT_BEFORE_RESULT}        [${USE}, {"role": "user", "content": [{"type": "text", "text": "Here it is."}, ${RESULT}]}]
${SHOWN}                     {"type": "tool_result", "tool_use_id": "t1", "content": [${PICTURE}]}
${PICTURE_AS_RESULT}         [${USE}, {"role": "user", "content": [${SHOWN}]}]
${LARGE_MAXIMUM}             {"type": "object", "properties": {"a": {"maximum": 123456789012345678901234567890}}}
${TOO_LONG}                  This model's maximum context length is 200 tokens, but your messages resulted in 300.
${CALL}                      {"id": "f:0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
@{CALL_OF_ANOTHER_SERVER}
...                          {"role": "assistant", "tool_calls": [${CALL}]}
...                          {"role": "tool", "tool_call_id": "f:0", "content": "12"}


*** Test Cases ***
A tool call that the limit of tokens cuts off leaves the rest of the message
    [Tags]    req:MSGS-014    kind:reliability
    Script Tool Call    ${BACKEND}    get_weather    {"days": 2, "city": "Os    Let me see.    finish_reason=length
    ${exchange} =    Send Message    model=openai
    Get Body Field    ${exchange}    stop_reason    ==    max_tokens
    Get Body Field    ${exchange}    content[0].text    ==    Let me see.
    Get Body Field    ${exchange}    content[1].input    ==    {"days": 2}

A message that uses a tool stops for it, whatever the backend calls its end
    [Tags]    req:MSGS-015    kind:functional
    Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo"}    finish_reason=stop
    ${exchange} =    Send Message    model=openai
    Get Body Field    ${exchange}    stop_reason    ==    tool_use

The results of tools come right after their calls
    [Tags]    req:MSGS-016    kind:functional
    Send Message    model=openai    messages=${TEXT_BEFORE_RESULT}
    Get Request Field    ${BACKEND}    messages[1].tool_call_id    ==    t1
    Get Request Field    ${BACKEND}    messages[2].content    ==    Here it is.

A picture that a tool gives back is shown to the model
    [Tags]    req:MSGS-017    kind:functional
    Send Message    model=openai    messages=${PICTURE_AS_RESULT}
    Get Request Field    ${BACKEND}    messages[1].role    ==    tool
    Get Request Field    ${BACKEND}    messages[2].content[1].image_url.url    ==    data:image/png;base64,AA==

A prompt that is too long is told in Anthropic's words
    [Tags]    req:MSGS-018    kind:negative
    Script Refusal    ${BACKEND}    400    {"error": {"message": "${TOO_LONG}"}}
    ${exchange} =    Send Message    model=openai
    Get Status    ${exchange}    ==    400
    Get Body    ${exchange}    contains    prompt is too long: 300 tokens > 200 maximum

An integer of any size reaches the backend as it is
    [Tags]    req:MSGS-019    kind:functional
    Send Message    model=openai    tools=[{"name": "f", "input_schema": ${LARGE_MAXIMUM}}]
    Get Request Field    ${BACKEND}    tools[0].function.parameters    ==    ${LARGE_MAXIMUM}

Newer versions of Azure get the newer name of the limit
    [Tags]    req:AZUR-003    kind:functional
    Send Message    model=azure-deployment    max_tokens=9
    Get Request Field    ${BACKEND}    max_completion_tokens    ==    9

Ids of another server's tool calls reach Anthropic in its form
    [Tags]    req:ANTH-003    kind:functional
    Send Chat To Anthropic    @{CALL_OF_ANOTHER_SERVER}
    ${used} =    Get Request Field    ${BACKEND}    messages[0].content[0].id    matches    ^[a-zA-Z0-9_-]+$
    Get Request Field    ${BACKEND}    messages[1].content[0].tool_use_id    ==    ${used}

Blank turns do not reach Anthropic
    [Tags]    req:ANTH-004    kind:functional
    Send Chat To Anthropic    {"role": "user", "content": "a"}    {"role": "assistant", "content": ""}
    Get Request Field    ${BACKEND}    messages    ==    [{"role": "user", "content": "a"}]


*** Keywords ***
Send Chat To Anthropic
    [Documentation]    Messages of OpenAI's format for a backend of Anthropic's.
    [Arguments]    @{messages: str}
    ${exchange} =    Send Raw    POST    /v1/chat/completions
    ...    {"model": "anthropic", "messages": [${messages}[0], ${messages}[1]]}    Content-Type: application/json
    Get Status    ${exchange}    ==    200
