*** Settings ***
Documentation       Tool calls have the same form with every kind of backend.

Resource            ../../resources/gateway.resource
Library             keywords.client.tools.ToolsLibrary

Suite Setup         Open Gateway Before All Kinds
Test Setup          Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo", "days": 2}

Test Tags           req:BACK-014    kind:functional    needs:scripted-backend


*** Test Cases ***
Every kind of backend can have a tool called
    [Template]    Tool Is Called
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama

Every kind of backend can have a tool called in a stream
    [Template]    Tool Is Called In Stream
    openai
    azure
    azure-deployment
    nim
    anthropic
    ollama


*** Keywords ***
Tool Is Called
    [Documentation]    The backend's form of a tool call arrives in OpenAI's form.
    [Arguments]    ${kind: str}
    ${tool} =    Describe Tool    get_weather    city
    ${answer} =    Ask    Rain?    model=${kind}    tool=${tool}
    Get Tool Calls    ${answer}    ==    get_weather {"city": "Oslo", "days": 2}
    Get Finish Reason    ${answer}    ==    tool_calls

Tool Is Called In Stream
    [Documentation]    The pieces of the call make a complete call.
    [Arguments]    ${kind: str}
    ${tool} =    Describe Tool    get_weather    city
    ${stream} =    Stream Chat    Rain?    model=${kind}    tool=${tool}
    Get Tool Calls    ${stream}    ==    get_weather {"city": "Oslo", "days": 2}
    Get Finish Reason    ${stream}    ==    tool_calls
