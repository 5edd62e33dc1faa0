*** Settings ***
Documentation       The suite verifies itself: the evidence of a failed row, and the runs that it refuses. Small suites
...                 of `_child/` run in separate runs, attached to the target.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_run.ChildRunLibrary
Library             keywords.run.child_matrix.ChildMatrixLibrary
Library             keywords.run.encodings.EncodingLibrary

Suite Setup         Run Rows Of Every Kind

Test Tags           kind:functional


*** Variables ***
${PASSWORD: Secret}    %{PASSWORD_OF_SELFTEST=of-the-tester-1}


*** Test Cases ***
A failing row leaves what reproduces it
    [Tags]    req:SELF-001    needs:curl
    Get Row Status    ${CHILD}    An answer that nobody gives is expected    ==    FAIL
    Get Status Of Repeated Requests    ${CHILD}    An answer that nobody gives is expected    ==    200

A row without a requirement stops the run
    [Tags]    req:SELF-002    kind:negative
    ${child} =    Run Child    without_requirement.robot
    ...    --prerunmodifier    keywords.hooks.modifier.RegisterModifier
    Get Exit Code    ${child}    ==    252
    Get Output    ${child}    stderr    contains    A row that proves nothing

A row without a requirement is not run in a bare run either
    [Tags]    req:SELF-002    kind:negative
    ${child} =    Run Child    without_requirement.robot
    Get Row Status    ${child}    A row that proves nothing    ==    NOT RUN
    Get Output    ${child}    stderr    contains    A row that proves nothing

An unknown requirement stops the run
    [Tags]    req:SELF-003    kind:negative
    ${child} =    Run Child    unknown_requirement.robot
    ...    --prerunmodifier    keywords.hooks.modifier.RegisterModifier
    Get Exit Code    ${child}    ==    252
    Get Output    ${child}    stderr    contains    CHAT-999
    Get Output    ${child}    stderr    contains    did you mean CHAT-

No key reaches a file of a run
    [Tags]    req:SELF-004    kind:security    needs:api-key
    Files Of Child Should Not Contain    ${CHILD}    ${GATEWAY_API_KEY}
    ...    row=An answer that nobody gives is expected

No key reaches a file of a run, whoever says it
    [Tags]    req:SELF-023    kind:security    needs:api-key
    ${child} =    Run Child    repeating.robot    --loglevel    TRACE
    Child Should Keep Secret    ${child}    ${GATEWAY_API_KEY}    control=no-secret-1A2b3C4d5E

No key reaches a page that is made of a run, whoever says it
    [Tags]    req:SELF-023    kind:security    needs:api-key
    ${child} =    Run Children    2    repeating.robot
    Child Should Keep Secret    ${child}    ${GATEWAY_API_KEY}    control=no-secret-1A2b3C4d5E

No text of a server breaks a run
    [Tags]    req:SELF-024    kind:negative
    Get Row Message    ${CHILD}    Half a character is said    ends    half \\ud83d
    Get Row Message    ${CHILD}    A terminal's sequence is said    ends    \\x00 \\x1b[31m red
    Get Row Status    ${CHILD}    The next row runs    ==    PASS

A row that its time limit ends leaves its request
    [Tags]    req:SELF-025
    Get Row Status    ${CHILD}    A row waits for an answer that never comes    ==    FAIL
    Get Last Failure    ${CHILD}    A row waits for an answer that never comes
    ...    contains    Test timeout 2 seconds exceeded

The script of a failed row repeats a HEAD request
    [Tags]    req:SELF-026    needs:curl
    Get Row Status    ${CHILD}    A head that nobody sends is expected    ==    FAIL
    Get Status Of Repeated Requests    ${CHILD}    A head that nobody sends is expected

An address is shown without user and password
    [Tags]    req:SELF-027    kind:security
    ${backend} =    Start Scripted Backend
    ${url} =    Address With User    ${backend.url}    tester    ${PASSWORD}
    ${child} =    Run Child    failing.robot    -v    GATEWAY_URL:${url}    --loglevel    TRACE
    ${recorded} =    Get Recorded Requests    ${backend}
    ${credentials} =    Encode    tester:of-the-tester-1    base64
    Get Field    ${recorded}    [0].headers[authorization]    ==    Basic ${credentials}
    Files Of Child Should Not Contain    ${child}    ${PASSWORD}    row=An answer that nobody gives is expected

A missing need is a skip with its reason
    [Tags]    req:SELF-005
    Get Row Status    ${CHILD}    A row that this run cannot serve    ==    SKIP
    Get Row Message    ${CHILD}    A row that this run cannot serve    contains    run without GATEWAY_URL

A failed comparison says what was compared, expected and actual
    [Tags]    req:SELF-032
    Get Row Message    ${CHILD}    An answer that nobody gives is expected    matches
    ...    ^The text of the answer should be 'an answer that no model gives', got '

A flood hits another server only on request
    [Tags]    req:SELF-033
    Get Row Status    ${CHILD}    A row that floods its target    ==    SKIP
    Get Row Message    ${CHILD}    A row that floods its target    contains    ${FLOOD_REQUESTS} bad requests
    Get Row Message    ${CHILD}    A row that floods its target    contains    allow it with -v ALLOW_FLOODS:yes

A flood that the user allows is sent to another server
    [Tags]    req:SELF-033
    ${child} =    Run Child    flooding.robot    -v    ALLOW_FLOODS:yes
    Get Row Status    ${child}    A row that floods its target    ==    PASS


*** Keywords ***
Run Rows Of Every Kind
    [Documentation]    The run that most rows look at, with all that a log can hold.
    ${child} =    Run Child    failing.robot    waiting.robot    breaking.robot    flooding.robot
    ...    skips/skipping.robot    --loglevel    TRACE
    VAR    ${CHILD}    ${child}    scope=SUITE
