*** Settings ***
Documentation       Thirteen servers from which load tools reported wrong or misleading numbers. What the load engine
...                 says of them is true, and a caution stands where true numbers mislead.

Resource            ../../resources/load.resource

Suite Setup         Start Server For Cases
Test Template       Load Engine Should Measure Case

Test Tags           req:BENCH-002    kind:functional    needs:scripted-backend


*** Test Cases ***    CASE
Text that disagrees with the usage is named    text_disagrees_with_usage
Repeats that a cache answers are named    repeats_from_a_cache
The mean of requests and the mean of tokens have two names    two_means_of_tpot
A stall within a stream shows in the tail    stall_within_a_stream
Text that would be tokenized differently counts by the usage    text_that_retokenises_badly
A client that cannot keep up makes its run invalid    client_is_late
Client and server count the same requests    counts_agree
Percentiles know of the half that failed    half_failed
The time to the first token is no gap between tokens    ttft_is_no_gap
A server's buckets say when they are too wide    below_the_server_s_resolution
A mean that falls as load rises has its percentiles beside it    mean_falls_as_load_rises
One read has one time, thoughts count once, an error is no success    late_clock_double_reasoning_short_success
An answer that is no stream has no time to first token    no_stream
