*** Settings ***
Documentation       Clients that ask at the same moment each get their own answer.

Resource            ../../resources/gateway.resource
Library             keywords.client.isolation.IsolationLibrary

Test Tags           kind:functional


*** Test Cases ***
Two clients at once do not mix their answers
    [Tags]    req:ISOL-001    smoke
    ${alone} =    Ask One By One    What is 2+2?    Name three colours.    temperature=0    max_tokens=12
    ${together} =    Ask Together    What is 2+2?    Name three colours.    temperature=0    max_tokens=12
    Answers Should Be To Their Own Questions    ${together}    ${alone}

Eight clients at once get back the ids that they sent
    [Tags]    req:ISOL-002    needs:gateway
    ${answers} =    Ask Together With Ids    8    Name three colours.    max_tokens=2
    Each Answer Should Carry Its Own Id    ${answers}

What one client says in secret is unknown to the next
    [Tags]    req:ISOL-003    kind:security
    ${before} =    Ask    What was the secret word?    max_tokens=1
    ${canary} =    New Canary
    Ask    Remember this secret word: ${canary}    max_tokens=16
    ${after} =    Ask    What was the secret word?    max_tokens=64
    Canary Should Not Appear    ${canary}    ${after}
    ${tokens} =    Get Usage    ${before}    prompt_tokens
    Get Usage    ${after}    prompt_tokens    ==    ${tokens}
