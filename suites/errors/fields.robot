*** Settings ***
Documentation       A field that is missing, of the wrong type or out of bounds is refused, and the refusal names the
...                 field. Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource

Test Template       Chat Request Is Refused

Test Tags           kind:negative


*** Test Cases ***    PAYLOAD    STATUS    PARAM    CODE
A request without a model is refused
    [Tags]    req:ERRF-001    smoke
    no_model.json    400    model    missing_required_parameter
A model that is a number is refused
    [Tags]    req:ERRF-002
    model_is_a_number.json    400    model    invalid_type
An unknown model is refused
    [Tags]    req:ERRF-003    smoke
    unknown_model.json    404    model    model_not_found
An empty conversation is refused
    [Tags]    req:ERRF-004    smoke
    empty_messages.json    400    messages    empty_array
Messages that are text are refused
    [Tags]    req:ERRF-002
    messages_is_text.json    400    messages    invalid_type
A message that is a number is refused
    [Tags]    req:ERRF-002
    message_is_a_number.json    400    messages[0]    invalid_type
Content that is a number is refused
    [Tags]    req:ERRF-002
    content_is_a_number.json    400    messages[0].content    invalid_type
A message without a role is refused
    [Tags]    req:ERRF-005
    no_role.json    400    messages[0].role    missing_required_parameter
An unknown role is refused
    [Tags]    req:ERRF-005
    unknown_role.json    400    messages[0].role    invalid_value
A forced tool without tools is refused
    [Tags]    req:CHAT-009
    forced_tool_without_tools.json    400    tool_choice    invalid_value
