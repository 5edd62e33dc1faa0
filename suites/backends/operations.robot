*** Settings ***
Documentation       The operations of each kind of backend beyond chat; a client sees no difference between the kinds
...                 that have them.

Resource            ../../resources/gateway.resource
Library             keywords.client.completions.CompletionsLibrary
Library             keywords.client.embeddings.EmbeddingsLibrary

Suite Setup         Open Gateway Before All Kinds
Test Setup          Script Answer Of Three Words

Test Tags           req:OPER-001    kind:functional    needs:scripted-backend


*** Test Cases ***
Every kind of backend completes text
    [Template]    Text Is Completed
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend completes text as a stream
    [Template]    Text Is Completed As A Stream
    openai
    azure
    azure-deployment
    nim
    ollama

Each kind of backend is asked at its own address
    [Template]    Backend Is Asked At
    openai    /v1/completions    /v1/embeddings
    azure    /openai/v1/completions    /openai/v1/embeddings
    azure-deployment    /openai/deployments/scripted/completions?api-version=2024-10-21
    ...    /openai/deployments/scripted/embeddings?api-version=2024-10-21
    nim    /v1/completions    /v1/embeddings
    ollama    /api/generate    /api/embed


*** Keywords ***
Script Answer Of Three Words
    [Documentation]    The backend gives the same answer as every kind.
    Script Answer    ${BACKEND}    One${SPACE}    answer,${SPACE}    please.

Text Is Completed
    [Documentation]    The backend's whole answer, and its tokens: two words in the prompt, three chunks in the answer.
    [Arguments]    ${kind: str}
    ${answer} =    Ask For Completion    Two words    model=${kind}
    Answer Should Be A Complete Text Completion    ${answer}
    Get Text    ${answer}    ==    One answer, please.
    Get Usage    ${answer}    prompt_tokens    ==    2
    Get Usage    ${answer}    completion_tokens    ==    3

Text Is Completed As A Stream
    [Documentation]    The same as a stream.
    [Arguments]    ${kind: str}
    ${stream} =    Stream Completion    Two words    model=${kind}    include_usage=True
    Text Stream Should Be Closed Properly    ${stream}
    Get Text    ${stream}    ==    One answer, please.
    Get Usage    ${stream}    prompt_tokens    ==    2
    Get Usage    ${stream}    completion_tokens    ==    3

Backend Is Asked At
    [Documentation]    The paths of the requests that reached it.
    [Arguments]    ${kind: str}    ${completions: str}    ${embeddings: str}
    Ask For Completion    Once    model=${kind}
    Ask For Embeddings    Once    model=${kind}
    ${recorded} =    Get Recorded Requests    ${BACKEND}
    Get Field    ${recorded}    [-2].path    ==    ${completions}
    Get Field    ${recorded}    [-1].path    ==    ${embeddings}
