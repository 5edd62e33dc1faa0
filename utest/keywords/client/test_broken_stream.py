import pytest
from assertionengine import AssertionOperator

from keywords.client.broken_stream import BrokenStreamLibrary

EQUAL = AssertionOperator["=="]


def test_a_stream_in_the_background_is_finished(gateway, make):
    gateway.streams(*make.good_stream[:2], make.error, "[DONE]")
    library = BrokenStreamLibrary()
    before = library.note_moment()
    running = library.start_stream("Tell.", max_tokens=7, extra={"seed": 1})
    stream = library.finish_stream(running)
    after = library.note_moment()
    assert (gateway.bodies[0]["max_tokens"], gateway.bodies[0]["seed"]) == (7, 1)
    assert library.get_stream_error_code(stream, EQUAL, "backend_gone") == "backend_gone"
    assert 0 < library.get_time_from_moment_to_end(stream, before) < after - before
    assert library.get_time_from_moment_to_end(stream, after) < 0
    library.stream_should_say_that_it_broke_off(stream)


def test_a_stream_that_did_not_break_off(gateway, make):
    gateway.streams(*make.good_stream)
    library = BrokenStreamLibrary()
    stream = library.finish_stream(library.start_stream("Tell."))
    assert library.get_stream_error_code(stream, EQUAL, None) is None
    with pytest.raises(
        AssertionError, match=r"exactly one error event, there are 0; .* must not claim a finish reason"
    ):
        library.stream_should_say_that_it_broke_off(stream)
    with pytest.raises(AssertionError, match="stream's error should be 'backend_disconnected', got None; the"):
        library.get_stream_error_code(stream, EQUAL, "backend_disconnected")
