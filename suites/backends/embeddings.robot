*** Settings ***
Documentation       Embeddings have the same form with every kind of backend.

Resource            ../../resources/gateway.resource
Library             keywords.client.embeddings.EmbeddingsLibrary

Suite Setup         Open Gateway Before All Kinds

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
Every kind of backend makes vectors
    [Tags]    req:OPER-001
    [Template]    Texts Become Vectors
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend's vectors come packed
    [Tags]    req:EMBD-002
    [Template]    Vectors Come Packed
    openai
    azure
    azure-deployment
    nim
    ollama

Every kind of backend's vectors have the length that was asked for
    [Tags]    req:EMBD-004
    [Template]    Vectors Have The Asked Length
    openai
    azure
    azure-deployment
    nim
    ollama


*** Keywords ***
Texts Become Vectors
    [Documentation]    One for each, and their tokens.
    [Arguments]    ${kind: str}
    ${vectors} =    Ask For Embeddings    Two words    and three more    model=${kind}
    Embeddings Should Be Complete    ${vectors}    texts=2
    Get Tokens Of Embeddings    ${vectors}    ==    5

Vectors Come Packed
    [Documentation]    The same numbers in both formats.
    [Arguments]    ${kind: str}
    ${plain} =    Ask For Embeddings    Two words    model=${kind}    encoding_format=float
    ${packed} =    Ask For Embeddings    Two words    model=${kind}    encoding_format=base64
    Get Similarity    ${plain}    ${packed}    >    ${SAME_VECTOR_COSINE}

Vectors Have The Asked Length
    [Documentation]    Dimensions reach the backend.
    [Arguments]    ${kind: str}
    ${vectors} =    Ask For Embeddings    Two words    model=${kind}    extra={"dimensions": 5}
    Get Vector Length    ${vectors}    ==    5
