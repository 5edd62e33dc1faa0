*** Settings ***
Documentation       Numbers are held to the bounds of the OpenAI specification, and the refusal names field and bound.
...                 Each line is one row of the test matrix.

Resource            ../../resources/gateway.resource

Test Template       Chat Request Is Refused

Test Tags           kind:negative


*** Test Cases ***    PAYLOAD    STATUS    PARAM    CODE
A temperature above 2 is refused
    [Tags]    req:ERRN-001
    temperature_above_two.json    400    temperature    decimal_above_max_value
A temperature below 0 is refused
    [Tags]    req:ERRN-001
    temperature_below_zero.json    400    temperature    decimal_below_min_value
A temperature in words is refused
    [Tags]    req:ERRN-001
    temperature_is_text.json    400    temperature    invalid_type
A top_p above 1 is refused
    [Tags]    req:ERRN-002
    top_p_above_one.json    400    top_p    decimal_above_max_value
A top_p below 0 is refused
    [Tags]    req:ERRN-002
    top_p_below_zero.json    400    top_p    decimal_below_min_value
A presence penalty above 2 is refused
    [Tags]    req:ERRN-003
    penalty_above_two.json    400    presence_penalty    decimal_above_max_value
A presence penalty below -2 is refused
    [Tags]    req:ERRN-003
    penalty_below_minus_two.json    400    presence_penalty    decimal_below_min_value
A frequency penalty above 2 is refused
    [Tags]    req:ERRN-003
    frequency_penalty_above_two.json    400    frequency_penalty    decimal_above_max_value
An answer of zero tokens is refused
    [Tags]    req:ERRN-004    smoke
    max_tokens_is_zero.json    400    max_tokens    integer_below_min_value
An answer of a negative number of tokens is refused
    [Tags]    req:ERRN-004
    max_tokens_is_negative.json    400    max_tokens    integer_below_min_value
A number of tokens in words is refused
    [Tags]    req:ERRN-004
    max_tokens_is_text.json    400    max_tokens    invalid_type
A fraction of a token is refused
    [Tags]    req:ERRN-004
    max_tokens_is_a_fraction.json    400    max_tokens    invalid_type
More than 128 choices are refused
    [Tags]    req:ERRN-005
    n_above_128.json    400    n    integer_above_max_value
No choice at all is refused
    [Tags]    req:ERRN-005
    n_is_zero.json    400    n    integer_below_min_value
More than 20 top logprobs are refused
    [Tags]    req:ERRN-006
    top_logprobs_above_twenty.json    400    top_logprobs    integer_above_max_value
Fewer than no top logprobs are refused
    [Tags]    req:ERRN-006
    top_logprobs_below_zero.json    400    top_logprobs    integer_below_min_value
A stream flag in words is refused
    [Tags]    req:ERRN-007
    stream_is_text.json    400    stream    invalid_type
Stream options without a stream are refused
    [Tags]    req:ERRN-007
    stream_options_without_stream.json    400    stream_options    invalid_value
