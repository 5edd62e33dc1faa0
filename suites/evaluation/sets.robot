*** Settings ***
Documentation       The model passes an agreed share of small sets of questions. The lower bound of the share decides,
...                 never the share itself. Another model has limits of its own: -v SHORT_FACTS_MIN:0.9.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.sets.EvaluationLibrary

Test Timeout        10 minutes

Test Tags           kind:functional


*** Test Cases ***
The model knows short facts
    [Tags]    req:EVAL-001
    ${score} =    Run Evaluation    short-facts    file=${SHORT_FACTS_FILE}
    Every Item Should Be Answered    ${score}
    Get Score    ${score}    lower bound    >=    ${SHORT_FACTS_MIN}

The model copies what it is told to
    [Tags]    req:EVAL-001    nightly
    ${score} =    Run Evaluation    copying
    Every Item Should Be Answered    ${score}
    Get Score    ${score}    lower bound    >=    ${COPYING_MIN}

The model finds facts in a text
    [Tags]    req:EVAL-001    nightly
    ${score} =    Run Evaluation    extraction    file=${EXTRACTION_FILE}
    Every Item Should Be Answered    ${score}
    Get Score    ${score}    lower bound    >=    ${EXTRACTION_MIN}

The model ends sums as it is told to
    [Documentation]    The embedded model gets few of them right, so only the form of its answers is judged.
    [Tags]    req:EVAL-001    nightly
    ${score} =    Run Evaluation    one-step-sums    scorer=number-strict
    Every Item Should Be Answered    ${score}
    Get Outcome Count    ${score}    format failure    <=    ${SUMS_FORMAT_FAILURES_MAX}

The model ends word problems as it is told to
    [Tags]    req:EVAL-001    nightly
    ${score} =    Run Evaluation    word-problems    file=${WORD_PROBLEMS_FILE}
    Every Item Should Be Answered    ${score}
    Get Outcome Count    ${score}    format failure    <=    ${WORD_PROBLEMS_FORMAT_FAILURES_MAX}

The model answers science questions with a letter
    [Documentation]    The embedded model is near chance, where a regression of its score is invisible. One request at a
    ...                time: these prompts are long, and several at once wait for each other until they time out.
    [Tags]    req:EVAL-001    nightly
    ${score} =    Run Evaluation    science    file=${SCIENCE_FILE}    concurrency=1
    Every Item Should Be Answered    ${score}
    Get Outcome Count    ${score}    format failure    <=    ${SCIENCE_FORMAT_FAILURES_MAX}

The model chooses between truth and misconception by a letter
    [Tags]    req:EVAL-001    nightly
    ${score} =    Run Evaluation    misconceptions    file=${MISCONCEPTIONS_FILE}    concurrency=1
    Every Item Should Be Answered    ${score}
    Get Outcome Count    ${score}    format failure    <=    ${MISCONCEPTIONS_FORMAT_FAILURES_MAX}

The model says that it does not know where nobody can
    [Tags]    req:EVAL-002    nightly
    ${score} =    Run Evaluation    unanswerable
    Every Item Should Be Answered    ${score}
    Get Score    ${score}    lower bound    >=    ${ABSTENTION_MIN}

The model answers in the same words where it can know
    [Documentation]    The control: a model that always declines passes the row above.
    [Tags]    req:EVAL-002    nightly
    ${score} =    Run Evaluation    answerable
    Every Item Should Be Answered    ${score}
    Get Score    ${score}    lower bound    >=    ${ANSWERING_MIN}
