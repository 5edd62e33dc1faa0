*** Settings ***
Documentation       A stream of sixty words is cut in the backend at every place where it could hurt: at each end of an
...                 event, one byte before and after it, and at two hundred drawn bytes; nightly at every single byte.
...                 Wherever it breaks, the client is told. Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource
Library             keywords.stream_cuts.StreamCutsLibrary

Test Template       Client Is Told Wherever The Stream Is Cut

Test Tags           kind:reliability    needs:scripted-backend    req:STRM-009


*** Test Cases ***    KIND OF BACKEND    FAULT
An OpenAI stream that is reset tells the client
    openai    cut
An OpenAI stream that is closed tells the client
    openai    close
An Ollama stream that is reset tells the client
    ollama    cut
An Ollama stream that is closed tells the client
    ollama    close
An OpenAI stream that is cut at any byte tells the client
    [Tags]    nightly
    [Timeout]    20 minutes
    [Template]    Client Is Told Whichever Byte Is The Last
    openai
An Ollama stream that is cut at any byte tells the client
    [Tags]    nightly
    [Timeout]    20 minutes
    [Template]    Client Is Told Whichever Byte Is The Last
    ollama


*** Keywords ***
Client Is Told Wherever The Stream Is Cut
    [Documentation]    One line of the table, at the dangerous and the drawn bytes.
    [Arguments]    ${kind: str}    ${fault: str}
    ${backend} =    Start Scripted Backend
    Put Gateway Before    ${backend}    ${kind}
    ${sweep} =    Cut Streams    ${backend}    fault=${fault}    seed=${CUT_SEED}
    Every End Is Honest    ${sweep}

Client Is Told Whichever Byte Is The Last
    [Documentation]    One line of the table, at every byte.
    [Arguments]    ${kind: str}
    ${backend} =    Start Scripted Backend
    Put Gateway Before    ${backend}    ${kind}
    ${sweep} =    Cut Streams At Every Byte    ${backend}
    Every End Is Honest    ${sweep}

Every End Is Honest
    [Documentation]    No stream of the sweep left its client in the dark, and most were cut where it mattered.
    [Arguments]    ${sweep: object}
    Get Silent Ends    ${sweep}    ==    0
    Get Malformed Ends    ${sweep}    ==    0
    Get Hung Streams    ${sweep}    ==    0
    Get Streams That Told    ${sweep}    >    ${TOLD_STREAMS_MIN}
