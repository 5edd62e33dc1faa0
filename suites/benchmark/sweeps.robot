*** Settings ***
Documentation       What load does to the server under test as one parameter changes. The log has a table of each load
...                 run, and a line for each value.

Resource            ../../resources/load.resource

Test Tags           req:BENCH-006    kind:performance    needs:flood    nightly


*** Test Cases ***
Temperature does not slow the server down
    ${runs} =    Sweep    temperature    0,0.7,1    users=2    duration=6 s    max_tokens=8
    Get Throughput Ratio    ${runs}[2]    ${runs}[0]    >    ${SWEEP_TEMPERATURE_RATIO_MIN}
    Get Error Rate    ${runs}[1]    ==    0

Longer answers take as many tokens as they may
    ${runs} =    Sweep    max_tokens    4,16,64    users=2    duration=8 s    prompt=Tell me a long story.
    Get Load Metric    ${runs}[0]    output_length    p50    <=    4
    Get Load Metric    ${runs}[2]    output_length    p50    >    ${SWEEP_LONG_ANSWER_TOKENS_MIN}
    Get Throughput Ratio    ${runs}[0]    ${runs}[2]    >    1

The first text of a long prompt comes in time
    ${runs} =    Sweep    prompt_tokens    64,512    users=1    duration=6 s    prompt_tokens=64    max_tokens=4
    Get Error Rate    ${runs}[1]    ==    0
    Get Load Metric    ${runs}[1]    ttft_first_content    p50    <    ${SWEEP_LONG_PROMPT_TTFT_P50_S}

More users get more answers in all
    ${runs} =    Sweep    users    1,8    duration=8 s    prompt=Tell me a long story.    max_tokens=32
    Get Throughput Ratio    ${runs}[1]    ${runs}[0]    >    ${SWEEP_USERS_RATIO_MIN}
