*** Settings ***
Documentation       The model's context is a hard limit, and never truncates in silence: a prompt that does not fit is
...                 refused with both numbers, a prompt that fits is read to the last word.

Resource            ../../resources/gateway.resource
Library             keywords.client.context.ContextLibrary

Test Tags           kind:functional


*** Test Cases ***
A prompt beyond the context is refused with both numbers
    [Tags]    req:CTXT-001    kind:negative    smoke
    ${prompt} =    Prompt Of Words    ${WORDS_BEYOND_CONTEXT}
    ${exchange} =    Send Chat    ${prompt}    max_tokens=1
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    code    ==    context_length_exceeded
    Get Error Field    ${exchange}    param    ==    messages
    Get Error Field    ${exchange}    message    contains    ${CONTEXT_TOKENS}
    Get Refused Prompt Tokens    ${exchange}    >=    ${WORDS_BEYOND_CONTEXT}

A stream of a prompt beyond the context is refused before it starts
    [Tags]    req:CTXT-002    kind:negative
    ${prompt} =    Prompt Of Words    ${WORDS_BEYOND_CONTEXT}
    ${exchange} =    Send Chat    ${prompt}    max_tokens=1    stream=true
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    code    ==    context_length_exceeded

A prompt that just fits is read whole
    [Tags]    req:CTXT-003    needs:embedded-model
    Open Gateway With Small Context
    ${prompt} =    Prompt Of Words    ${WORDS_WITHIN_SMALL_CONTEXT}
    ${answer} =    Ask    ${prompt}    max_tokens=1
    Get Usage    ${answer}    prompt_tokens    >    ${WORDS_WITHIN_SMALL_CONTEXT}

An answer ends where the context ends
    [Tags]    req:CTXT-004    needs:embedded-model
    Open Gateway With Small Context
    ${prompt} =    Prompt Of Words    ${WORDS_WITHIN_SMALL_CONTEXT}
    ${answer} =    Ask    ${prompt}    max_tokens=500    extra={"ignore_eos": true}
    Get Finish Reason    ${answer}    ==    length
    Get Usage    ${answer}    completion_tokens    >    0
    Get Usage    ${answer}    total_tokens    <=    ${SMALL_CONTEXT_TOKENS}


*** Keywords ***
Open Gateway With Small Context
    [Documentation]    Start a gateway whose model has a small context, and speak to it.
    ${gateway} =    Start Gateway    config=${CONFIGURATIONS}/small_context.toml
    Speak To    ${gateway}    ${MODEL}
