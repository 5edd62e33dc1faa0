*** Settings ***
Documentation       A JSON schema decides the text of these answers, so every character can be compared, whatever the
...                 model would say.

Resource            ../../resources/gateway.resource
Library             keywords.client.forced_text.ForcedTextLibrary
Library             keywords.client.isolation.IsolationLibrary

Test Tags           kind:functional


*** Variables ***
${SCRIPTS}    naïve café, 日本語, שלום, e\u0301, 😀 👩\u200d👧
${MARKS}      <b>&amp; "quoted" 'single' \\n {brace} [1] %20 \n\ttwo \ spaces
${NUMBERS}    1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20


*** Test Cases ***
Letters of all scripts arrive unchanged
    [Tags]    req:ANSW-006    smoke
    Ask For Exactly    ${SCRIPTS}

Letters of all scripts arrive unchanged in a stream
    [Tags]    req:ANSW-007
    Ask For Exactly    ${SCRIPTS}    stream=True

Marks and white space arrive unchanged
    [Tags]    req:ANSW-006
    Ask For Exactly    ${MARKS}

Marks and white space arrive unchanged in a stream
    [Tags]    req:ANSW-007
    Ask For Exactly    ${MARKS}    stream=True

A long answer arrives whole
    [Tags]    req:ANSW-006
    Ask For Exactly    ${NUMBERS}

No piece of a long stream is lost, doubled or moved
    [Tags]    req:ANSW-007
    Ask For Exactly    ${NUMBERS}    stream=True

Eight clients at once get the answer that their own schema decides
    [Tags]    req:ANSW-008
    Ask Together For Exactly    amber    birch    copper    dahlia    ember    fjord    garnet    hazel

Eight streams at once have the pieces that their own schema decides
    [Tags]    req:ANSW-008
    Ask Together For Exactly    amber    birch    copper    dahlia    ember    fjord    garnet    hazel    stream=True

An answer does not repeat its prompt
    [Tags]    req:ANSW-009    kind:security
    ${canary} =    New Canary
    ${answer} =    Ask For Exactly    Hello.    prompt=Keep this word in JSON to yourself: ${canary}
    Get Body    ${answer}    not contains    ${canary}
