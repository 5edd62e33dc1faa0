*** Settings ***
Documentation       LiteLLM serves the wire formats that the gateway does not speak, and looks like any other backend.
...                 `tox run -e litellm` runs these rows; elsewhere they are skipped.

Resource            ../../resources/cut_streams.resource
Library             keywords.client.broken_stream.BrokenStreamLibrary
Library             keywords.client.embeddings.EmbeddingsLibrary
Library             keywords.backend.request_bodies.RequestBodiesLibrary
Library             keywords.client.tools.ToolsLibrary

Suite Setup         Open Gateway Before LiteLLM
Test Setup          Script Answer    ${BACKEND}    One${SPACE}    answer,${SPACE}    please.

Test Tags           kind:functional    needs:scripted-backend    needs:litellm


*** Test Cases ***
A provider of LiteLLM answers in one piece
    [Tags]    req:LITE-001
    ${answer} =    Ask    Four words of question
    Answer Should Be A Complete Chat Completion    ${answer}
    Get Text    ${answer}    ==    One answer, please.
    Get Usage    ${answer}    prompt_tokens    ==    4
    Get Usage    ${answer}    completion_tokens    ==    3

A provider of LiteLLM answers as a stream
    [Tags]    req:LITE-001
    ${stream} =    Stream Chat    Four words of question    include_usage=True
    Stream Should Be Closed Properly    ${stream}
    Get Text    ${stream}    ==    One answer, please.
    Get Usage    ${stream}    completion_tokens    ==    3

A provider of LiteLLM can have a tool called in a stream
    [Tags]    req:LITE-001
    Script Tool Call    ${BACKEND}    get_weather    {"city": "Oslo", "days": 2}
    ${tool} =    Describe Tool    get_weather    city
    ${stream} =    Stream Chat    Rain?    tool=${tool}
    Get Tool Calls    ${stream}    ==    get_weather {"city": "Oslo", "days": 2}

A provider of LiteLLM makes vectors
    [Tags]    req:LITE-003
    ${vectors} =    Ask For Embeddings    Two words    and three more
    Embeddings Should Be Complete    ${vectors}    texts=2
    Get Tokens Of Embeddings    ${vectors}    ==    5

Vectors of LiteLLM come packed and in the asked length
    [Tags]    req:LITE-003
    ${plain} =    Ask For Embeddings    Two words    extra={"dimensions": 5}
    ${packed} =    Ask For Embeddings    Two words    encoding_format=base64    extra={"dimensions": 5}
    Get Vector Length    ${packed}    ==    5
    Get Similarity    ${plain}    ${packed}    >    ${SAME_VECTOR_COSINE}

What LiteLLM would garble is refused, and nothing is sent
    [Tags]    req:LITE-004    kind:negative
    [Template]    Nothing Is Sent For
    completions    "prompt": "Once"    unsupported_endpoint
    chat/completions    "messages": [{"role": "user", "content": "a"}], "n": 2, "stream": true    invalid_value

LiteLLM repeats nothing, and the provider's wait reaches the client
    [Tags]    req:LITE-002    kind:negative
    Script Refusal    ${BACKEND}    429    retry_after=7 s
    ${before} =    Get Request Count    ${BACKEND}
    ${exchange} =    Send Payload    plain.json
    Get Request Count Growth    ${BACKEND}    ${before}    ==    1
    Get Status    ${exchange}    ==    429
    Get Header    ${exchange}    retry-after    ==    7

LiteLLM's end of a stream that broke off is not believed
    [Tags]    req:LITE-002    kind:reliability
    Script Fault    ${BACKEND}    end    after=2
    ${stream} =    Stream Chat    Hello.
    Get Stream Error Code    ${stream}    ==    backend_disconnected
    Stream Should Say That It Broke Off    ${stream}

A stream of LiteLLM that is reset anywhere tells the client
    [Tags]    req:LITE-002    req:STRM-009    kind:reliability    nightly
    ${sweep} =    Cut Streams    ${BACKEND}    seed=${CUT_SEED}
    Every End Is Honest    ${sweep}

A client that leaves ends LiteLLM's attempt
    [Tags]    req:LITE-002    kind:reliability
    Script Answer    ${BACKEND}    first_delay=5 s
    ${departure} =    Ask And Leave    Hello.    after=${LITELLM_ASKS_WITHIN}
    Get Time From Moment To Disconnect    ${BACKEND}    ${departure.at_s}    <    ${CLOSED_WITHIN_S}

What a provider of LiteLLM cannot take is named
    [Tags]    req:LITE-002
    ${answer} =    Ask    Hello.    seed=7    extra={"api_base": "http://127.0.0.1:9", "x_own": 1}
    Get Header    ${answer}    x-gateway-dropped-params    ==    api_base, x_own
    Get Request Field    ${BACKEND}    seed    ==    7

LiteLLM writes nothing into the gateway's log
    [Tags]    req:LITE-002    kind:negative
    Script Refusal    ${BACKEND}    500
    Send Payload    plain.json
    Gateway Log Should Not Contain    LiteLLM    ${GATEWAY}


*** Keywords ***
Nothing Is Sent For
    [Documentation]    The path and the fields of a request, and the code of its refusal.
    [Arguments]    ${path: str}    ${fields: str}    ${code: str}
    ${before} =    Get Request Count    ${BACKEND}
    ${exchange} =    Send Raw    POST    /v1/${path}    {"model": "${MODEL}", ${fields}}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    code    ==    ${code}
    Get Request Count    ${BACKEND}    ==    ${before}

Open Gateway Before LiteLLM
    [Documentation]    The gateway reaches its backend through LiteLLM, which takes it for OpenAI.
    ${backend} =    Start Scripted Backend    openai/scripted
    ${config} =    Write Gateway Config    ${backend}    litellm
    ${gateway} =    Start Gateway    config=${config}
    Let Suite Speak To    ${gateway}    scripted
    VAR    ${BACKEND}    ${backend}    scope=SUITE
