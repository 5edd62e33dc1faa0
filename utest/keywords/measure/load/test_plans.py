"""What a row writes becomes a workload; disturbances act on their backend."""

from datetime import timedelta

import pytest

from keywords.engine.load.errors import WorkloadError
from keywords.engine.scripted.script import Script
from keywords.measure.load.disturbances import DisturbancesLibrary
from keywords.measure.load.plans import Sent

SECOND = timedelta(seconds=1)


def test_a_prompt_is_a_workload_of_one_entry():
    workload = Sent("Hello.", max_tokens=4, fields={"temperature": 0}).load()
    (entry,) = workload.spec.mix
    assert entry.prompts.texts == ("Hello.",)
    assert (entry.max_tokens, entry.fields) == (4, {"temperature": 0})


def test_synthetic_prompts_take_the_prompt_s_place():
    (entry,) = Sent("Hello.", prompt_tokens=64).load().spec.mix
    assert (entry.prompts.texts, entry.prompts.tokens) == (None, 64)


def test_the_same_is_hashed_alike():
    assert Sent("a").load().sha256 == Sent("a").load().sha256 != Sent("b").load().sha256


def test_a_file_takes_the_place_of_all(tmp_path):
    path = tmp_path / "w.yaml"
    path.write_text("name: mine\nmix:\n  - name: one\n    prompts: {texts: [Hi]}\n")
    assert Sent("Hello.", workload=path).load().spec.name == "mine"
    with pytest.raises(WorkloadError, match="cannot be read"):
        Sent("Hello.", workload=tmp_path / "none.yaml").load()


class Backend:
    """Notes what is done to it."""

    def __init__(self):
        self.script = Script(chunks=("a",))
        self.done = []

    def stop(self):
        self.done.append("stop")

    def start(self):
        self.done.append("start")

    def play(self, script):
        self.done.append(script)


def acts(disturbance):
    return [(action.at_s, action.act()) and action.at_s for action in disturbance.actions]


def test_a_kill_may_end_with_a_restart():
    backend = Backend()
    assert acts(DisturbancesLibrary().plan_kill(backend, at=SECOND, restart_after=SECOND)) == [1.0, 2.0]
    assert backend.done == ["stop", "start"]


def test_refusals_end_with_what_was_scripted_before():
    backend = Backend()
    acts(DisturbancesLibrary().plan_refusals(backend, 429, at=SECOND, lasting=SECOND, retry_after=SECOND))
    assert backend.done == [Script(status=429, retry_after_s=1.0), backend.script]


def test_a_delay_leaves_the_answer_as_it_is():
    backend = Backend()
    acts(DisturbancesLibrary().plan_delay(backend, timedelta(milliseconds=300), at=SECOND, lasting=SECOND))
    assert backend.done == [Script(chunks=("a",), first_delay=0.3), backend.script]
