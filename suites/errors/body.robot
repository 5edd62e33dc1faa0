*** Settings ***
Documentation       A request body that cannot be read is refused with an OpenAI error object that names the remedy,
...                 never with a server error. Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource

Test Template       Chat Request Is Refused

Test Tags           kind:negative


*** Test Cases ***    PAYLOAD    STATUS    PARAM    CODE
Malformed JSON is refused
    [Tags]    req:ERRB-001    smoke
    malformed.json    400    ${None}    ${None}
An empty body is refused
    [Tags]    req:ERRB-002
    empty.json    400    ${None}    ${None}
Bytes that are not UTF-8 are refused
    [Tags]    req:ERRB-003    smoke
    not_utf8.json    400    ${None}    ${None}
Half a surrogate pair is refused
    [Tags]    req:ERRB-003
    lone_surrogate.json    400    ${None}    ${None}
NaN is refused
    [Tags]    req:ERRB-004
    not_a_number.json    400    ${None}    ${None}
A list instead of an object is refused
    [Tags]    req:ERRB-005
    list_instead_of_object.json    400    ${None}    ${None}
A body nested too deeply is refused
    [Tags]    req:ERRB-006
    deeply_nested.json    400    ${None}    ${None}
A body that is not declared as JSON is refused
    [Tags]    req:ERRB-007
    plain.json    400    ${None}    unsupported_content_type    content_type=text/plain
