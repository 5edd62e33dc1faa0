"""The steps after the rows: each is done, whatever becomes of the others."""

import threading

import pytest
import typer

from keywords.qa.pages import Step, make_pages


def fail():
    raise KeyError("a fault nobody foresaw")


def end(code):
    def command():
        raise typer.Exit(code)

    return command


def test_a_fault_in_one_step_keeps_no_other_from_being_done(capsys):
    done = []
    steps = [Step("first", None, fail), Step("second", None, lambda: done.append(2)), Step("third", None, end(3))]
    assert [code for _, code in make_pages(steps)] == [1, 0, 3]
    assert done == [2]
    assert "a fault nobody foresaw" in capsys.readouterr().err


@pytest.mark.parametrize("waits", [True, False])
def test_codes_are_in_the_order_of_the_steps(waits):
    steps = [Step("first", None, end(1), waits=waits), Step("second", None, end(2))]
    assert [(step.title, code) for step, code in make_pages(steps)] == [("first", 1), ("second", 2)]


def test_other_steps_are_done_beside_one_that_waits():
    other = threading.Event()

    def wait_for_other():
        if not other.wait(10):
            raise typer.Exit(7)

    steps = [Step("waits", None, wait_for_other, waits=True), Step("other", None, other.set)]
    assert [code for _, code in make_pages(steps)] == [0, 0]
