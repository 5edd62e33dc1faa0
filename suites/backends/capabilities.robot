*** Settings ***
Documentation       What each kind of backend takes of a request. The answer's header `x-gateway-dropped-params` names
...                 what it cannot take (dropped); where leaving it out would change the answer's meaning, the gateway
...                 refuses with 400 (refused). `capabilities.md` in the evidence is this table with the measured
...                 outcomes.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Suite Setup         Open Gateway Before All Kinds
Suite Teardown      Write Capability Table
Test Template       Capability Should Be

Test Tags           kind:functional    needs:scripted-backend    req:BACK-010


*** Test Cases ***    BACKEND    ASKED FOR    OUTCOME BY KIND
The parameter max_tokens
    ${BACKEND}    max_tokens    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
The parameter temperature
    ${BACKEND}    temperature    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
The parameter stop
    ${BACKEND}    stop    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
The parameter seed
    ${BACKEND}    seed    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=dropped
The parameter presence_penalty
    ${BACKEND}    presence_penalty    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=dropped
The parameter logit_bias
    ${BACKEND}    logit_bias    openai=taken    azure=taken    nim=taken    ollama=dropped    anthropic=dropped
The parameter logprobs
    ${BACKEND}    logprobs    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=dropped
Several choices
    ${BACKEND}    n>1    openai=taken    azure=taken    nim=taken    ollama=refused    anthropic=refused
Tools
    ${BACKEND}    tools    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
A forced tool
    ${BACKEND}    a forced tool    openai=taken    azure=taken    nim=taken    ollama=refused    anthropic=taken
One tool at a time
    ${BACKEND}    one tool at a time    openai=taken    azure=taken    nim=taken    ollama=dropped    anthropic=taken
The result of a tool
    [Tags]    req:CHAT-007
    ${BACKEND}    a tool's result    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
An answer that follows a JSON schema
    ${BACKEND}    json_schema    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
An answer in any JSON
    ${BACKEND}    json_object    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=dropped
An image
    ${BACKEND}    an image    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
An image by its address
    ${BACKEND}    an image by address    openai=taken    azure=taken    nim=taken    ollama=refused    anthropic=taken
The parameter reasoning_effort
    ${BACKEND}    reasoning_effort    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=taken
The parameter user
    ${BACKEND}    user    openai=taken    azure=taken    nim=taken    ollama=dropped    anthropic=taken
A field that OpenAI does not know
    ${BACKEND}    a field of its own    openai=taken    azure=taken    nim=taken    ollama=dropped    anthropic=dropped
Text completions
    ${BACKEND}    text completions    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=refused
Embeddings
    ${BACKEND}    embeddings    openai=taken    azure=taken    nim=taken    ollama=taken    anthropic=refused
