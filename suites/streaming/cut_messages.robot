*** Settings ***
Documentation       A Messages stream is cut in the backend at each end of an event and one byte before and after it;
...                 nightly at every byte. Every cut gives the client an error in Anthropic's form. Each line is one row
...                 of the test matrix.

Resource            ../../resources/cut_streams.resource

Suite Setup         Open Gateway Before All Kinds
Test Template       Client Of Messages Is Told Wherever The Stream Is Cut

Test Tags           kind:reliability    needs:scripted-backend    req:MSGS-008


*** Test Cases ***    KIND OF BACKEND    FAULT
A Messages stream of a backend that speaks chat tells the client of a reset
    openai    cut
A Messages stream of Anthropic's that is reset tells the client
    anthropic    cut
A Messages stream of Ollama's that is closed tells the client
    ollama    close
A Messages stream of a backend that speaks chat tells of a reset at any byte
    [Tags]    nightly
    [Timeout]    20 minutes
    [Template]    Client Of Messages Is Told Whichever Byte Is The Last
    openai
A Messages stream of Anthropic's that is cut at any byte tells the client
    [Tags]    nightly
    [Timeout]    20 minutes
    [Template]    Client Of Messages Is Told Whichever Byte Is The Last
    anthropic


*** Keywords ***
Client Of Messages Is Told Wherever The Stream Is Cut
    [Documentation]    One line of the table, at the ends of events.
    [Arguments]    ${kind: str}    ${fault: str}
    ${sweep} =    Cut Streams
    ...    ${BACKEND}
    ...    model=${kind}
    ...    fault=${fault}
    ...    seed=${CUT_SEED}
    ...    words=20
    ...    drawn=0
    ...    in_format=messages
    Every End Is Honest    ${sweep}    minimum=${SHORT_CUT_ERROR_EVENTS_MIN}

Client Of Messages Is Told Whichever Byte Is The Last
    [Documentation]    One line of the table, at every byte.
    [Arguments]    ${kind: str}
    ${sweep} =    Cut Streams At Every Byte    ${BACKEND}    model=${kind}    in_format=messages
    Every End Is Honest    ${sweep}
