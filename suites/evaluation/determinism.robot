*** Settings ***
Documentation       The same question to the same model gets the same answer where the client asks for that. The rows
...                 claim only what they counted: how many of how many answers differed.

Resource            ../../resources/gateway.resource
Library             keywords.measure.determinism.DeterminismLibrary

Test Tags           kind:functional


*** Test Cases ***
At temperature zero the answer is always the same
    [Tags]    req:DETM-001
    ${answers} =    Ask Repeatedly    Tell me a story.    ${DETERMINISM_REPEATS}    temperature=0    max_tokens=24
    Get Distinct Answers    ${answers}    ==    1

The same seed gives the same answer
    [Tags]    req:DETM-002
    ${answers} =    Ask Repeatedly
    ...    Tell me a story.
    ...    ${DETERMINISM_REPEATS}
    ...    temperature=1
    ...    seed=7
    ...    max_tokens=24
    Get Distinct Answers    ${answers}    ==    1

Different seeds give different answers
    [Tags]    req:DETM-003
    ${answers} =    Ask With Seeds    Tell me a story.    1    2    3    4    5    max_tokens=24
    Get Distinct Answers    ${answers}    >=    ${DISTINCT_ANSWERS_MIN}
