*** Settings ***
Documentation       Results of AIPerf, GuideLLM, vLLM's bench and Locust come in under this project's names.
...                 What no tool measured is not made up, and what differs is said.

Resource            ../../resources/load.resource
Library             keywords.measure.load.imports.LoadImportsLibrary

Test Tags           req:BENCH-060    kind:functional


*** Variables ***
${IMPORTS}    ${CURDIR}/../../resources/imports


*** Test Cases ***
The mean of AIPerf's samples is the one that AIPerf computed
    ${run} =    Import Load Run    ${IMPORTS}/aiperf/profile_export_aiperf.json
    Mean Of Samples Should Be The Tools    ${run}    ttft_first_content

The mean of GuideLLM's samples is the one in its report
    ${run} =    Import Load Run    ${IMPORTS}/guidellm/benchmarks.json
    Mean Of Samples Should Be The Tools    ${run}    e2e

The mean of vLLM's samples is the one in its result
    ${run} =    Import Load Run    ${IMPORTS}/vllm/detailed.json
    Mean Of Samples Should Be The Tools    ${run}    ttft_first_byte

Locust's figures stay figures
    ${run} =    Import Load Run    ${IMPORTS}/locust/stream_stats.csv
    Get Tool Figure    ${run}    error_rate    value    ==    0
    ${import} =    Run Import Command    ${IMPORTS}/locust/stream_stats.csv
    Get Output    ${import}    stdout    contains    Locust's files have only figures

What has no name here is said at the import
    ${import} =    Run Import Command    ${IMPORTS}/guidellm/benchmarks.json
    Get Output    ${import}    stdout    contains    Not mapped:
    Get Output    ${import}    stdout    contains    time_per_output_token_ms

A file of no load generator is refused
    [Tags]    kind:negative
    Import Should Be Refused    of_no_tool.json    no known load generator writes such a file

A file that is cut off is refused with the place
    [Tags]    kind:negative
    Import Should Be Refused    cut_off.json    the JSON ends at line 1

A number that is none is refused with its field
    [Tags]    kind:negative
    Import Should Be Refused    not_a_number.json    p99_ttft_ms is nan, which is no number

A file of another version is refused with the version that is read
    [Tags]    kind:negative
    Import Should Be Refused    another_version.json    schema_version is 2.0, and this reads 1.x


*** Keywords ***
Import Should Be Refused
    [Documentation]    The command names the file and says why, with the exit code for no verdict.
    [Arguments]    ${file: str}    ${message: str}
    ${import} =    Run Import Command    ${IMPORTS}/faulty/${file}
    Get Exit Code    ${import}    ==    2
    Get Output    ${import}    stderr    contains    ${file}: ${message}
    Get Output    ${import}    stderr    not contains    Traceback
