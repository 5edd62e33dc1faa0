"""A first answer ends in time, or the message says that it has no end; what the answer itself raises stays as it is."""

import threading

import pytest

from keywords.engine.http.recorder import StreamOutgrewRequest
from keywords.engine.load.first_answers import EndlessAnswerError, within


def raising(error):
    def ask():
        raise error

    return ask


def test_an_answer_in_time_is_given():
    assert within(10, lambda: "here") == "here"


def test_an_answer_without_an_end_is_left_alone():
    ended = threading.Event()
    try:
        with pytest.raises(EndlessAnswerError, match=r"no end of the answer within 0\.05 s"):
            within(0.05, ended.wait)
    finally:
        ended.set()


def test_a_time_limit_of_the_answer_itself_is_no_missing_end():
    with pytest.raises(TimeoutError, match="connection timed out"):
        within(10, raising(TimeoutError("connection timed out")))


def test_an_answer_that_outgrows_its_request_is_endless():
    with pytest.raises(EndlessAnswerError, match="the stream goes on"):
        within(10, raising(StreamOutgrewRequest("the stream goes on")))
