*** Settings ***
Documentation       After a disconnect, a stream of the embedded model ends before its server reports the usage. The
...                 gateway then counts the tokens with the model's tokenizer.

Resource            ../../resources/gateway.resource

Suite Setup         Leave A Stream Of The Embedded Model

Test Tags           req:OBSV-016    kind:reliability    needs:embedded-model    needs:own-gateway


*** Test Cases ***
A stream that its client left is counted by the model's own tokenizer
    Get Field    ${LEFT}    status    ==    499
    Get Field    ${LEFT}    tokens_source    ==    tokenizer

The tokenizer counts a prompt as the model's server counts it
    ${tokens} =    Get Usage    ${WHOLE}    prompt_tokens
    Get Field    ${LEFT}    prompt_tokens    ==    ${tokens}

The tokenizer counts what came of the answer
    Get Completion Tokens    ${LEFT}    >=    ${LEFT_ANSWER_TOKENS_MIN}
    Get Unread Tokens    ${LEFT}    ${DEPARTURE}    <    ${LEFT_UNREAD_TOKENS_BELOW}


*** Keywords ***
Leave A Stream Of The Embedded Model
    [Documentation]    One prompt twice: a plain answer, and a stream with a disconnect after the first words. The
    ...    model answers it with hundreds of words, so that even a slow client leaves before the end.
    ${whole} =    Ask    Tell me a long story.    max_tokens=1
    ${departure} =    Stream And Leave
    ...    Tell me a long story.
    ...    events=${LEFT_AFTER_EVENTS}
    ...    temperature=${0.0}
    ${left} =    Get Log Entry    ${departure.request_id}
    VAR    ${WHOLE}    ${whole}    scope=SUITE
    VAR    ${LEFT}    ${left}    scope=SUITE
    VAR    ${DEPARTURE}    ${departure}    scope=SUITE
