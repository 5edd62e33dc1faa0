*** Settings ***
Documentation       The model does what it is told more often than by chance. Each rate has an interval, and a control
...                 that shows what the model does anyway.

Resource            ../../resources/gateway.resource
Library             keywords.measure.sampling.SamplingLibrary

Test Tags           kind:functional    req:CHAT-003


*** Test Cases ***
Told to say OK, the model says OK more often than by chance
    [Documentation]    The small model obeys in about one answer of three: a rate with an interval, not a promise.
    ${answers} =    Ask With Many Seeds    Say 'OK' exactly    ${OBEDIENCE_SAMPLES}    temperature=0.7    max_tokens=16
    Get Share Of Answers Containing    ${answers}    OK    lower bound    >=    ${OBEDIENCE_MIN}

Not told to say OK, the model does not say it
    [Documentation]    The control: without it, the rate above could be the model's habit.
    [Tags]    kind:negative
    ${not_told} =    Ask With Many Seeds
    ...    Name three colours.
    ...    ${OBEDIENCE_CONTROL_SAMPLES}
    ...    temperature=0.7
    ...    max_tokens=16
    Get Share Of Answers Containing    ${not_told}    OK    upper bound    <    ${OBEDIENCE_MIN}
