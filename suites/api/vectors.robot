*** Settings ***
Documentation       Vectors of any server that makes them: each text has its own, and it is whole.

Resource            ../../resources/gateway.resource
Library             keywords.client.embeddings.EmbeddingsLibrary

Suite Setup         Skip Unless Embeddings Are Offered

Test Tags           kind:functional


*** Test Cases ***
Each text has the vector beside others that it has alone
    [Tags]    req:EMBD-001
    ${together} =    Ask For Embeddings    A cat sits.    The stock market fell.    Rain.
    ${cat} =    Ask For Embeddings    A cat sits.
    ${market} =    Ask For Embeddings    The stock market fell.
    ${rain} =    Ask For Embeddings    Rain.
    VAR    @{alone}    ${cat}    ${market}    ${rain}
    Vectors Should Be Of Their Texts    ${together}    ${alone}    least=${SAME_VECTOR_COSINE}

A vector has the length 1
    [Tags]    req:ANSW-014
    ${vectors} =    Ask For Embeddings    A cat sits.
    Get Vector Norm    ${vectors}    >    ${NORM_MIN}
    Get Vector Norm    ${vectors}    <    ${NORM_MAX}

A packed vector is the same as a plain one on any server
    [Tags]    req:EMBD-002
    ${plain} =    Ask For Embeddings    A cat sits.
    ${packed} =    Ask For Embeddings    A cat sits.    encoding_format=base64
    Get Similarity    ${plain}    ${packed}    >    ${SAME_VECTOR_COSINE}
