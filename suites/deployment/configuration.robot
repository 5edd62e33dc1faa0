*** Settings ***
Documentation       A configuration is checked before it is used: what is wrong, where, and how to fix it. A typo is
...                 an error, never ignored.

Resource            ../../resources/gateway.resource

Test Template       Configuration Is Refused

Test Tags           kind:negative    needs:own-gateway


*** Test Cases ***    FILE    TELLS WHERE    AND WHAT TO DO
A misspelt key is refused with the right spelling
    [Tags]    req:CONF-001    smoke
    misspelt_key.toml    limits.body_byte    body_bytes
A route to a backend that is not there is refused
    [Tags]    req:CONF-002
    unknown_backend.toml    models."my-model".route[0]    embedded
A backend of an unknown kind is refused
    [Tags]    req:CONF-002
    unknown_kind.toml    backends.embedded    llamacpp
A wrong type is refused
    [Tags]    req:CONF-001
    wrong_type.toml    server.port    without quotes
A file that is not TOML is refused with the line
    [Tags]    req:CONF-003
    not_toml.toml    line 2    TOML
A template that is no template is refused with the line
    [Tags]    req:TMPL-009
    broken_template.toml    models.my-model.templates.translate    line 1
A template that counts to a billion is refused
    [Tags]    req:TMPL-008
    endless_template.toml    models.my-model.templates.count    10000 rounds
A template that reaches for the gateway's insides is refused
    [Tags]    req:TMPL-008
    escaping_template.toml    models.my-model.templates.escape    range(…)
