*** Settings ***
Documentation       What the embedded model takes of a request, as its answers show it. What llama.cpp, or the chat
...                 template of this model, would ignore is named in `x-gateway-dropped-params` (dropped) or refused.
...                 `capabilities.md` in the evidence has it beside the other kinds of backends.

Resource            ../../resources/gateway.resource
Library             keywords.measure.capabilities.CapabilitiesLibrary

Suite Teardown      Write Capability Table
Test Template       Model Capability Should Be

Test Tags           kind:functional    needs:embedded-model    req:BACK-017


*** Test Cases ***    KIND    ASKED FOR    OUTCOME
The embedded model takes max_tokens
    llamacpp    max_tokens    taken
The embedded model takes a temperature
    llamacpp    temperature    taken
The embedded model takes stop
    llamacpp    stop    taken
The embedded model takes a seed
    llamacpp    seed    taken
The embedded model takes a presence penalty
    llamacpp    presence_penalty    taken
The embedded model takes a logit bias
    llamacpp    logit_bias    taken
The embedded model gives log probabilities
    llamacpp    logprobs    taken
The embedded model gives several choices
    llamacpp    n>1    taken
The embedded model's client is told that tools are ignored
    llamacpp    tools    dropped
The embedded model cannot be forced to call a tool
    llamacpp    a forced tool    refused
The embedded model's client is told that tools one at a time are ignored
    llamacpp    one tool at a time    dropped
The embedded model follows a JSON schema
    llamacpp    json_schema    taken
The embedded model answers in JSON
    llamacpp    json_object    taken
The embedded model sees no images
    llamacpp    an image    refused
The embedded model fetches no images
    llamacpp    an image by address    refused
The embedded model's client is told that reasoning_effort is ignored
    llamacpp    reasoning_effort    dropped
The embedded model's client is told that user is ignored
    llamacpp    user    dropped
