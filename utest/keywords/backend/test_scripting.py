"""What words say about a scripted backend is what its script says."""

from datetime import timedelta

import pytest

from keywords.backend.scripting import ScriptingLibrary
from keywords.engine.scripted.backend import Exponential, Fault, Script, ScriptedBackend, ToolCall, Uniform

MILLISECONDS = timedelta(milliseconds=1)


@pytest.fixture
def library():
    return ScriptingLibrary()


@pytest.fixture
def backend():
    return ScriptedBackend()  # a script can be given before the start


def test_an_answer_has_chunks_and_delays(library, backend):
    given = library.script_answer(backend, "a", "b", first_delay=1000 * MILLISECONDS, chunk_delay=5 * MILLISECONDS)
    assert backend.script == given == Script(chunks=("a", "b"), first_delay=1.0, chunk_delay=0.005)
    library.script_answer(backend, finish_reason="length", connect_delay=MILLISECONDS)
    assert backend.script == Script(finish_reason="length", connect_delay=0.001)
    library.script_answer(backend, count=2, tokens_per_chunk=3, seed=4)
    assert backend.script == Script(chunks=(" w000", " w001"), tokens_per_chunk=3, seed=4)


def test_delays_can_be_drawn(library, backend):
    library.script_answer(
        backend,
        first_delay=library.uniform_delay(MILLISECONDS, 2 * MILLISECONDS),
        chunk_delay=library.exponential_delay(3 * MILLISECONDS),
    )
    assert (backend.script.first_delay, backend.script.chunk_delay) == (Uniform(0.001, 0.002), Exponential(0.003))


def test_a_fault_keeps_the_answer_and_replaces_the_fault_before(library, backend):
    library.script_answer(backend, "a", "b")
    library.script_fault(backend, "cut", after=1)
    assert backend.script == Script(chunks=("a", "b"), fault=Fault("cut", after=1))
    library.script_fault(backend, "close", at_byte=7)
    assert backend.script == Script(chunks=("a", "b"), fault=Fault("close", at_byte=7))
    library.script_fault(backend, "error")
    assert backend.script == Script(chunks=("a", "b"), fault=Fault("error", after=0))
    library.script_no_answer(backend)
    assert backend.script == Script(chunks=("a", "b"), fault=Fault("silence"))


def test_a_refusal_has_a_status_and_what_else_is_said(library, backend):
    library.script_refusal(backend, 429, "busy", headers={"x": "y"}, retry_after=1500 * MILLISECONDS)
    assert backend.script == Script(status=429, body=b"busy", headers={"x": "y"}, retry_after_s=1.5)
    library.script_refusal(backend, 500, retry_after=MILLISECONDS, retry_after_form="date")
    assert backend.script == Script(status=500, retry_after_s=0.001, retry_after_form="date")
    library.script_refusal(backend, 500)
    assert backend.script == Script(status=500)


def test_a_tool_call_ends_the_answer(library, backend):
    library.script_tool_call(backend, "add", '{"a": 1}', "So: ")
    assert backend.script == Script(
        chunks=("So: ",), tool_calls=(ToolCall("add", '{"a": 1}'),), finish_reason="tool_calls"
    )


def test_the_wire_changes_without_the_answer(library, backend):
    library.script_answer(backend, "a")
    library.script_wire(backend, crlf=True, comments=True, split_bytes=3, keep_alive="stale", headers={"x": "y"})
    assert backend.script == Script(
        chunks=("a",), crlf=True, comments=True, split_bytes=3, keep_alive="stale", headers={"x": "y"}
    )
    library.script_wire(backend, early_role=True, usage=False, join=2)
    assert backend.script == Script(chunks=("a",), early_role=True, usage=False, join=2)


def test_a_sequence_ends_with_its_last_script(library, backend):
    refusal, answer = library.script_refusal(backend, 503), library.script_answer(backend, "a")
    library.script_sequence(backend, answer, refusal)
    assert backend.script == refusal
    library.script_sequence(backend, answer, model="other")
    assert backend.script == refusal
    with pytest.raises(ValueError, match="at least one script"):
        library.script_sequence(backend)
