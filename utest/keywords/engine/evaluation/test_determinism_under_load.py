"""Answers under load are compared with those of one user, token by token."""

import pytest

from keywords.engine.evaluation.determinism_under_load import Completion, DeterminismCell, table_of


def said(text, prompt="Say it.", logprobs=(), **facts):
    return Completion(prompt, text, tuple(text.split()), tuple(logprobs), **facts)


ALONE = (said("a b c", logprobs=(-0.1, -0.2, -0.3)),) * 3


def cell(*completions, reference=ALONE):
    return DeterminismCell("10 users", completions, reference)


def test_equal_answers_differ_by_nothing():
    found = cell(*ALONE)
    assert (found.differing, found.first_divergent_token, found.distinct_rate) == ((), None, pytest.approx(1 / 3))


def test_the_first_divergent_token_is_the_smallest_of_all_answers():
    found = cell(said("a b x"), said("a y c"), *ALONE)
    assert (len(found.differing), found.first_divergent_token) == (2, 1)


def test_an_answer_that_ends_early_diverges_at_its_end():
    assert cell(said("a b")).first_divergent_token == 2


def test_answers_that_agree_with_each_other_only_differ():
    assert len(cell(said("x"), said("x")).differing) == 2


def test_the_first_answer_is_the_reference_where_there_is_no_other():
    found = cell(said("a"), said("a"), said("b"), reference=())
    assert (len(found.differing), found.distinct_rate) == (1, pytest.approx(2 / 3))


def test_log_probabilities_are_compared_before_the_texts_diverge():
    found = cell(said("a b x", logprobs=(-0.1, -0.25, -9.0)))
    assert found.largest_logprob_difference == pytest.approx(0.05)


def test_without_log_probabilities_there_is_no_difference_of_them():
    assert cell(said("a b c")).largest_logprob_difference is None


def test_the_share_of_prompts_has_an_interval_and_a_bound():
    reference = tuple(said("a", prompt=str(number)) for number in range(10))
    found = cell(*reference, reference=reference)
    share, low, high = found.identical_share
    assert (share, high) == (1.0, 1.0)
    assert low == pytest.approx(0.722, abs=0.001)
    assert found.upper_bound == pytest.approx(0.259, abs=0.001)


def test_the_sentence_claims_what_was_counted():
    assert cell(said("a b x"), *ALONE).statement.startswith(
        "10 users: 1 of 4 answers differed, the first from token 2 on; 1 of 1 prompts"
    )


def test_the_table_has_a_column_for_each_head():
    head, rows = table_of([cell(*ALONE), cell(said("x", fingerprint="b1", cached_tokens=3))])
    assert {len(row) for row in rows} == {len(head)}
    assert rows[1][-2:] == ("at most 3", "b1")
