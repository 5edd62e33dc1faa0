*** Settings ***
Documentation       What a server breaks is counted as its own failure, never as the model's, and ends no evaluation.
...                 The rows ask a scripted backend without a gateway before it.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.sets.EvaluationLibrary

Suite Setup         Start Broken Server

Test Tags           kind:negative    req:EVAL-052    needs:scripted-backend


*** Test Cases ***
An answer that is cut off is a transport error
    Script Fault    ${BACKEND}    close    at_byte=60
    ${score} =    Score Broken Server
    Get Outcome Count    ${score}    transport error    ==    5

An error in the place of an answer is a transport error
    Answer With Body    {"error": "the model is still loading"}
    ${score} =    Score Broken Server
    Get Outcome Count    ${score}    transport error    ==    5

An error beside an answer is a transport error
    Answer With Body    {"choices": [{"message": {"content": "Paris"}}], "error": {"message": "out of memory"}}
    ${score} =    Score Broken Server
    Get Outcome Count    ${score}    transport error    ==    5

A message that is no object is a transport error
    Answer With Body    {"choices": [{"message": "Paris"}]}
    ${score} =    Score Broken Server
    Get Outcome Count    ${score}    transport error    ==    5

Nonsense beside an answer leaves its mark as it is
    VAR    ${choice} =    {"message": {"content": "Paris"}, "finish_reason": 7}
    Answer With Body    {"choices": [${choice}], "usage": {"completion_tokens": 1000000000000000000000000000000}}
    ${score} =    Score Broken Server
    Get Outcome Count    ${score}    correct    ==    1
    Get Outcome Count    ${score}    wrong    ==    4

A refusal in a field of its own is a refusal
    Answer With Body    {"choices": [{"message": {"content": null, "refusal": "Das beantworte ich nicht."}}]}
    ${score} =    Score Broken Server
    Get Outcome Count    ${score}    refused    ==    5


*** Keywords ***
Start Broken Server
    [Documentation]    One scripted backend for all rows.
    ${backend} =    Start Scripted Backend
    VAR    ${BACKEND}    ${backend}    scope=SUITE

Answer With Body
    [Documentation]    Answer every request with a body that is sent as it is, and a good status that is not 200.
    [Arguments]    ${body: str}
    Script Refusal    ${BACKEND}    201    ${body}

Score Broken Server
    [Documentation]    The score of five short facts.
    ${score} =    Run Evaluation    short-facts    limit=5    at=${BACKEND.url}
    RETURN    ${score}
