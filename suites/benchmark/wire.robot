*** Settings ***
Documentation       Ten servers stream in ways that load tools measured wrongly. The load engine measures each. The
...                 server's own record of what it sent, and when, is the truth. No gateway stands between.

Resource            ../../resources/load.resource

Suite Setup         Start Server For Cases
Test Template       Load Engine Should Measure Case

Test Tags           req:BENCH-001    kind:functional    needs:scripted-backend


*** Test Cases ***    CASE
A role that comes early is no first text    early_role
Four tokens in a chunk are four tokens    four_tokens_a_chunk
Split and joined writes leave text and times as they are    split_and_joined_writes
Lines may end with CR LF    crlf
A comment is no content    comments
Without a usage, tokens are an estimate that says so    no_usage
A late end does not move the last text    late_finish
A stall counts for all requests that arrived in it    stall_in_open_loop    stall=300 ms
A closed connection fails no request    keep_alive_closed
An error after 200 is a failure    error_after_200
A stall of five seconds counts as a short one does
    [Tags]    nightly
    stall_in_open_loop    stall=5 s
