*** Settings ***
Documentation       A request names one of its model's prompt templates and gives its variables; the template's messages
...                 come before its own.

Resource            ../../resources/prompts.resource
Library             keywords.client.sdk.openai.OpenAISdkLibrary

Suite Setup         Open Gateway With Templates

Test Tags           kind:functional    needs:scripted-backend


*** Test Cases ***
The template's messages come before the client's own
    [Tags]    req:TMPL-001
    Ask With Template    Hello    translate    language=French
    Get Request Messages    ${BACKEND}    ==
    ...    system: Into French, kindly.\nuser: Good day\nassistant: Bonjour\nuser: Hello

A client's value goes before the configured one
    [Tags]    req:TMPL-002
    Ask With Template    Hello    translate    language=German    tone=briefly
    Get Request Messages    ${BACKEND}    contains    system: Into German, briefly.

A list may be a variable
    [Tags]    req:TMPL-002
    VAR    @{colours}    red    green
    Ask With Template    Hello    colours    colours=${colours}
    Get Request Messages    ${BACKEND}    ==    user: red green \nuser: Hello

The openai package chooses a template by its extra body
    [Tags]    req:TMPL-001
    VAR    &{variables}    language=Welsh
    VAR    &{gateway}    template=translate    variables=${variables}
    VAR    &{extra}    gateway=${gateway}
    OpenAI Chat    Hello    extra_body=${extra}
    Get Request Messages    ${BACKEND}    contains    system: Into Welsh, kindly.

The field that names the template does not reach the backend
    [Tags]    req:TMPL-005
    Ask With Template    Hello    translate    language=French
    Get Request Fields    ${BACKEND}    not contains    gateway

A missing variable is refused by its name
    [Tags]    req:TMPL-003    kind:negative
    Template Is Refused    {"template": "translate"}    gateway.variables.language    missing_template_variable
    ...    needs the variable 'language'

An unknown variable is refused with those that are known
    [Tags]    req:TMPL-003    kind:negative
    Template Is Refused    {"template": "translate", "variables": {"langauge": "French"}}
    ...    gateway.variables.langauge    unknown_template_variable    language, tone

A variable that does not fit is refused
    [Tags]    req:TMPL-003    kind:negative
    Template Is Refused    {"template": "colours", "variables": {"colours": 7}}
    ...    gateway.variables    invalid_template_variable    Change them

An unknown template is refused with those that are known
    [Tags]    req:TMPL-004    kind:negative
    Template Is Refused    {"template": "no-such-template"}    gateway.template    unknown_template
    ...    colours, translate

A misspelt key of the field is refused
    [Tags]    req:TMPL-004    kind:negative
    Template Is Refused    {"tmplate": "translate"}    gateway.tmplate    unknown_parameter    openapi.json
