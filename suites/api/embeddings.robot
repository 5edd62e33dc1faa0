*** Settings ***
Documentation       The embedded model's process turns texts into vectors, and still answers chat requests.

Resource            ../../resources/gateway.resource
Library             keywords.client.context.ContextLibrary
Library             keywords.client.embeddings.EmbeddingsLibrary
Library             keywords.client.sdk.openai_text.OpenAISdkTextLibrary

Suite Setup         Open Gateway With Embeddings

Test Tags           kind:functional    needs:embedded-model


*** Test Cases ***
Several texts get a vector each
    [Tags]    req:EMBD-001
    ${vectors} =    Ask For Embeddings    A cat sits.    A dog runs.    Rain falls.
    Embeddings Should Be Complete    ${vectors}    texts=3
    Get Vector Length    ${vectors}    ==    576

Texts of different lengths have the vectors beside each other that they have alone
    [Documentation]    llama.cpp reads them together.
    [Tags]    req:EMBD-001
    ${together} =    Ask For Embeddings    A cat sits.    The stock market fell.    Rain.
    ${cat} =    Ask For Embeddings    A cat sits.
    ${market} =    Ask For Embeddings    The stock market fell.
    ${rain} =    Ask For Embeddings    Rain.
    VAR    @{alone}    ${cat}    ${market}    ${rain}
    Vectors Should Be Of Their Texts    ${together}    ${alone}    least=${SAME_VECTOR_COSINE}

A vector of the embedded model has the length 1
    [Tags]    req:ANSW-014
    ${vectors} =    Ask For Embeddings    A cat sits.
    Get Vector Norm    ${vectors}    >    ${NORM_MIN}
    Get Vector Norm    ${vectors}    <    ${NORM_MAX}

A packed vector is the same as a plain one
    [Tags]    req:EMBD-002
    ${plain} =    Ask For Embeddings    A cat sits.
    ${packed} =    Ask For Embeddings    A cat sits.    encoding_format=base64
    Get Similarity    ${plain}    ${packed}    >    ${SAME_VECTOR_COSINE}

A text may be the ids of its tokens
    [Tags]    req:EMBD-001
    ${vectors} =    Ask For Embeddings    extra={"input": [[1, 2, 3], [4]]}
    Embeddings Should Be Complete    ${vectors}    texts=2
    Get Tokens Of Embeddings    ${vectors}    ==    4

A text that is too long is refused as the input
    [Tags]    req:EMBD-003    kind:negative
    ${text} =    Prompt Of Words    ${WORDS_BEYOND_CONTEXT}
    ${exchange} =    Send Raw    POST    /v1/embeddings    {"model": "${MODEL}", "input": "${text}"}
    ...    Content-Type: application/json
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    code    ==    context_length_exceeded
    Get Error Field    ${exchange}    param    ==    input

A length that the embedded model cannot give is refused
    [Tags]    req:EMBD-004    kind:negative
    ${exchange} =    Send Raw    POST    /v1/embeddings    {"model": "${MODEL}", "input": "a", "dimensions": 8}
    ...    Content-Type: application/json
    Get Error Field    ${exchange}    param    ==    dimensions

The process that makes vectors chats as well
    [Tags]    req:EMBD-005
    ${answer} =    Ask    What is 2+2?    temperature=0    max_tokens=8
    Answer Should Be A Complete Chat Completion    ${answer}

A chat is bounded by its own context in a process that makes vectors too
    [Documentation]    Such a process has one cache for all requests under way.
    [Tags]    req:CTXT-001    kind:negative
    ${prompt} =    Prompt Of Words    ${WORDS_BEYOND_CONTEXT}
    ${exchange} =    Send Chat    ${prompt}    max_tokens=1
    Get Status    ${exchange}    ==    400
    Get Error Field    ${exchange}    message    contains    ${CONTEXT_TOKENS}

The openai package gets vectors
    [Tags]    req:SDKC-008
    ${vectors} =    OpenAI Embed    A cat sits.    A dog runs.
    Get Number Of    vectors    ${vectors}    ==    2
    Get Number Of    numbers of the first vector    ${vectors}[0]    ==    576


*** Keywords ***
Open Gateway With Embeddings
    [Documentation]    A gateway whose embedded model makes vectors: the mean of the token vectors.
    ${gateway} =    Start Gateway    config=${CONFIGURATIONS}/embeddings.toml
    Let Suite Speak To    ${gateway}    embedder
