*** Settings ***
Documentation       A score means nothing unless a bad model and a broken server get a bad one. The gateways of these
...                 rows have a scripted backend that answers what the row says.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.self_ask.SelfAskLibrary
Library             keywords.evaluation.sets.EvaluationLibrary

Suite Setup         Open Gateway Before Scripted Backend

Test Tags           kind:negative    req:EVAL-003    needs:scripted-backend


*** Test Cases ***
A model that always says the same passes one item at most
    Script Answer    ${BACKEND}    Paris
    ${score} =    Run Evaluation    short-facts
    Get Outcome Count    ${score}    correct    ==    1
    Get Outcome Count    ${score}    wrong    ==    19

A model that always takes the first choice passes none
    [Documentation]    Its choices are turned through all places, so it is right once for each item.
    Script Answer    ${BACKEND}    Answer: A
    ${score} =    Run Evaluation    science
    Get Score    ${score}    rate    ==    0.25
    Get Score    ${score}    upper bound    <    0.25

A model that always declines passes what has no answer and nothing else
    Script Answer    ${BACKEND}    I don't know.
    ${declined} =    Run Evaluation    unanswerable
    ${missed} =    Run Evaluation    answerable
    Get Outcome Count    ${declined}    correct    ==    10
    Get Outcome Count    ${missed}    abstained    ==    10

A server that fails gives transport errors and no wrong answer
    Script Refusal    ${BACKEND}    500
    ${score} =    Run Evaluation    short-facts    limit=5
    Get Outcome Count    ${score}    transport error    ==    5
    Get Outcome Count    ${score}    wrong    ==    0

A drop that a bad model causes is found
    Script Answer    ${BACKEND}    Paris
    ${bad} =    Run Evaluation    short-facts
    Script Answer    ${BACKEND}    I don't know.
    ${worse} =    Run Evaluation    short-facts
    ${found} =    Compare Evaluations    ${bad}    ${worse}
    Get Changed Items    ${found}    lost    ==    1
    Get Changed Items    ${found}    gained    ==    0

A drop beyond the limit that is no accident fails
    Script Answer    ${BACKEND}    I don't know.
    ${honest} =    Run Evaluation    unanswerable
    Script Answer    ${BACKEND}    Oslo
    ${bold} =    Run Evaluation    unanswerable
    ${found} =    Compare Evaluations    ${honest}    ${bold}
    Run Keyword And Expect Error    the drop is beyond *, and no accident*
    ...    Score Should Not Drop    ${found}    ${TEMPERATURE_DROP_MAX}

Replies in prose are format failures where a letter or a number is asked for
    Script Answer    ${BACKEND}    It depends on the weather.
    ${letters} =    Run Evaluation    science
    ${numbers} =    Run Evaluation    word-problems
    Get Outcome Count    ${letters}    format failure    ==    80
    Get Outcome Count    ${numbers}    format failure    ==    10

A model that says yes to every claim has no opinion of its own
    [Tags]    req:EVAL-031    -req:EVAL-003
    Script Answer    ${BACKEND}    Yes.
    ${score} =    Run Evaluation    short-facts    limit=6
    ${known} =    Ask About Known Claims    ${score}
    Get Claims Told Apart    ${known}    ==    0

A model that knows right from wrong claims is told apart
    [Tags]    req:EVAL-031    -req:EVAL-003
    Script Answer    ${BACKEND}    Paris
    ${score} =    Run Evaluation    short-facts    limit=6
    ${yes} =    Script Answer    ${BACKEND}    Yes.
    ${no} =    Script Answer    ${BACKEND}    No.
    # Is the right claim right? Is it wrong? And so the wrong one, for each of six items.
    VAR    @{item}    ${yes}    ${no}    ${no}    ${yes}
    Script Sequence    ${BACKEND}    @{item}    @{item}    @{item}    @{item}    @{item}    @{item}
    ${known} =    Ask About Known Claims    ${score}
    Get Claims Told Apart    ${known}    ==    6
    Claims Should Be Told Apart    ${known}


*** Keywords ***
Open Gateway Before Scripted Backend
    [Documentation]    One gateway before one scripted backend for all rows.
    ${backend} =    Start Scripted Backend
    ${config} =    Write Gateway Config    ${backend}
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE
