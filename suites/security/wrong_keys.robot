*** Settings ***
Documentation       Only the whole key opens an address that needs one, and it opens it from its header only. Each line
...                 is one row of the test matrix.

Resource            ../../resources/gateway.resource
Library             keywords.security.key_guesses.KeyGuessesLibrary

Test Template       Guess Is Refused

Test Tags           kind:security    needs:api-key


*** Test Cases ***    GUESS    OPERATION
The key without its last character is refused
    [Tags]    req:KEYS-005
    beginning    chat
The key with one more character is refused
    [Tags]    req:KEYS-005
    longer    chat
The key in other letters' case is refused
    [Tags]    req:KEYS-005
    other case    chat
An empty key is refused
    [Tags]    req:KEYS-005
    empty    chat
The key in the address is refused
    [Tags]    req:KEYS-005
    in the address    chat
A chat with a random key is refused
    [Tags]    req:KEYS-006
    wrong    chat
A text completion with a random key is refused
    [Tags]    req:KEYS-006
    wrong    completions
Embeddings with a random key are refused
    [Tags]    req:KEYS-006
    wrong    embeddings
A list of models with a random key is refused
    [Tags]    req:KEYS-006
    wrong    models
A chat without any key is refused
    [Tags]    req:KEYS-006
    none    chat


*** Keywords ***
Guess Is Refused
    [Documentation]    One line of the table: what is sent for the key, and what is asked for.
    [Arguments]    ${guess: str}    ${operation: str}
    ${exchange} =    Ask With Guess    ${guess}    ${operation}
    Guess Should Be Refused    ${exchange}
