*** Settings ***
Documentation       A tool is called the same way whatever kind of backend calls it.

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
    [Documentation]    The backend's own way to call a tool arrives as OpenAI's.
    [Arguments]    ${kind: str}
    ${tool} =    Describe Tool    get_weather    city
    ${answer} =    Ask    Rain?    model=${kind}    tool=${tool}
    Get Tool Calls    ${answer}    ==    get_weather {"city": "Oslo", "days": 2}
    Get Finish Reason    ${answer}    ==    tool_calls

Tool Is Called In Stream
    [Documentation]    The pieces of the call make a whole.
    [Arguments]    ${kind: str}
    ${tool} =    Describe Tool    get_weather    city
    ${stream} =    Stream Chat    Rain?    model=${kind}    tool=${tool}
    Get Tool Calls    ${stream}    ==    get_weather {"city": "Oslo", "days": 2}
    Get Finish Reason    ${stream}    ==    tool_calls
