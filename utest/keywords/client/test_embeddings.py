import base64
import struct

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.client.embeddings import EmbeddingsLibrary
from keywords.engine.openai.answer import GatewayRefused, NotAnAnswer
from keywords.engine.openai.embeddings import embeddings_defects

EQUAL, LESS = AssertionOperator["=="], AssertionOperator["<"]


def entry(index=0, embedding=(0.5, -0.25)):
    value = list(embedding) if isinstance(embedding, tuple) else embedding
    return {"object": "embedding", "index": index, "embedding": value}


def body(*entries, tokens=3):
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": list(entries), "model": "m", "usage": usage}


PACKED = base64.b64encode(struct.pack("<2f", 0.5, -0.25)).decode()


@pytest.fixture
def library():
    return EmbeddingsLibrary()


def test_texts_are_sent_and_vectors_read_in_their_order(library, gateway):
    gateway.answers(200, json=body(entry(1, (1, 2)), entry()))
    found = library.ask_for_embeddings("a", "b", extra={"user": "u"})
    assert found.vectors == [[0.5, -0.25], [1, 2]]
    assert gateway.bodies == [{"model": "model-a", "input": ["a", "b"], "user": "u"}]
    assert library.get_vector_length(found, EQUAL, 2) == 2
    assert library.get_tokens_of_embeddings(found, EQUAL, 3) == 3
    assert gateway.asked[0].url.path == "/v1/embeddings"


def test_one_text_is_sent_as_a_text_and_ids_as_they_are(library, gateway):
    gateway.answers(200, json=body(entry()))
    library.ask_for_embeddings("a")
    library.ask_for_embeddings(extra={"input": [1, 2]})
    assert [asked["input"] for asked in gateway.bodies] == ["a", [1, 2]]


def test_packed_vectors_are_unpacked(library, gateway):
    gateway.answers(200, json=body(entry(embedding=PACKED)))
    packed = library.ask_for_embeddings("a", encoding_format="base64")
    gateway.answers(200, json=body(entry()))
    plain = library.ask_for_embeddings("a")
    assert packed.vectors == plain.vectors
    assert library.get_similarity(plain, packed) == pytest.approx(1)
    with pytest.raises(AssertionError, match="The cosine between both"):
        library.get_similarity(plain, packed, LESS, 0.5)


@pytest.mark.parametrize(
    ("wrong", "asked"),
    [({"data": [entry(embedding=PACKED)]}, None), ({"data": [entry()]}, "base64"), ({"data": 5}, None), ({}, None)],
)
def test_another_format_than_the_asked_one_is_no_answer(library, gateway, wrong, asked):
    gateway.answers(200, json=wrong)
    with pytest.raises(NotAnAnswer, match="a list of embeddings"):
        library.ask_for_embeddings("a", encoding_format=asked)


def test_vectors_of_different_lengths_are_found(library, gateway):
    gateway.answers(200, json=body(entry(), entry(1, (1,))))
    with pytest.raises(AssertionError, match="different lengths"):
        library.get_vector_length(library.ask_for_embeddings("a", "b"))


def test_a_complete_answer_has_no_defect(library, gateway):
    gateway.answers(200, json=body(entry()))
    library.embeddings_should_be_complete(library.ask_for_embeddings("a"))
    with pytest.raises(AssertionError, match="data must be an array of 2"):
        library.embeddings_should_be_complete(library.ask_for_embeddings("a"), texts=2)


@pytest.mark.parametrize(
    ("wrong", "defect"),
    [
        (body(entry(1)), "index must be 0"),
        (body({**entry(), "object": "x"}), "must be 'embedding'"),
        (body(entry()) | {"object": "x"}, "must be 'list'"),
        (body(entry()) | {"model": ""}, "model must be"),
        (body(entry()) | {"usage": None}, "usage must be"),
        (body(entry()) | {"usage": {"prompt_tokens": 3, "total_tokens": 4}}, "both numbers must be the same"),
        ([], "must be an object"),
    ],
)
def test_each_defect_is_named(wrong, defect):
    assert defect in "; ".join(embeddings_defects(wrong, 1))


def vectors(library, gateway, *values):
    gateway.answers(200, json=body(*(entry(index, value) for index, value in enumerate(values))))
    return library.ask_for_embeddings(*("text" for _ in values))


def test_vectors_are_compared_with_those_of_their_texts_alone(library, gateway):
    together = vectors(library, gateway, (1.0, 0.0), (0.0, 1.0))
    alone = [vectors(library, gateway, (1.0, 0.0)), vectors(library, gateway, (0.0, 1.0))]
    library.vectors_should_be_of_their_texts(together, alone, 0.99)
    with pytest.raises(AssertionError, match=r"Text 1 should have the same vector as alone, the cosine .* is 0\.000"):
        library.vectors_should_be_of_their_texts(together, alone[::-1], 0.99)
    with pytest.raises(AssertionError, match="2 texts should have so many vectors, they have 1"):
        library.vectors_should_be_of_their_texts(alone[0], alone, 0.99)
    longer = vectors(library, gateway, (0.0, 1.0, 0.0))
    with pytest.raises(AssertionError, match="Text 2 should have 3 numbers as alone, it has 2"):
        library.vectors_should_be_of_their_texts(together, [alone[0], longer], 0.99)


def test_the_norm(library, gateway):
    assert library.get_vector_norm(vectors(library, gateway, (0.6, 0.8))) == pytest.approx(1)
    with pytest.raises(AssertionError, match="The Euclidean length of the vector"):
        library.get_vector_norm(vectors(library, gateway, (0.6,)), AssertionOperator[">"], 0.99)


def test_a_server_without_vectors_skips(library, gateway):
    gateway.answers(404, json={"error": {"message": "no such model"}})
    with pytest.raises(SkipExecution, match=r"the server makes none: .* with 404: no such model"):
        library.skip_unless_embeddings_are_offered()
    gateway.answers(500, json={"error": {"message": "oops"}})
    with pytest.raises(GatewayRefused, match="500"):
        library.skip_unless_embeddings_are_offered()
    gateway.answers(200, json=body(entry()))
    library.skip_unless_embeddings_are_offered()
