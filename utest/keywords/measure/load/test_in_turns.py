import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.load.comparison.compare import compare
from keywords.measure.load import in_turns
from keywords.measure.load.in_turns import LoadInTurnsLibrary
from keywords.measure.load.planted import PlantedSeriesLibrary
from keywords.run.robot_process import ChildRun
from utest.keywords.engine.load.comparison.made import series, spread
from utest.keywords.measure.load.conftest import BUSY, IDLE

ABOVE = AssertionOperator[">"]


def scaling(rps, **facts):
    return compare(series("one", {"rps": spread(100)}), series("two", {"rps": spread(rps)}, first_run=11, **facts))


def ended(rc, *lines, stderr=""):
    return ChildRun(rc, "\n".join(lines), stderr, None)


@pytest.fixture
def idle(machine, monkeypatch):  # noqa: ARG001  # idle everywhere else too
    monkeypatch.setattr(in_turns, "measure_machine", lambda: IDLE)


@pytest.mark.usefixtures("idle")
def test_efficiency_is_the_ratio_over_the_copies_and_its_lower_end_must_hold():
    library, found = LoadInTurnsLibrary(), scaling(180)
    assert library.get_scaling_efficiency(found, 2) == pytest.approx(0.9, abs=0.01)
    library.get_scaling_efficiency(found, 2, ABOVE, 0.85)
    with pytest.raises(AssertionError, match="Lower end of the 95 % interval of the scaling efficiency"):
        library.get_scaling_efficiency(found, 2, ABOVE, 0.899)


@pytest.mark.usefixtures("machine")
def test_runs_that_prove_nothing_have_no_efficiency():
    with pytest.raises(AssertionError, match="run 11 of two is INVALID: late"):
        LoadInTurnsLibrary().get_scaling_efficiency(scaling(180, problem="is INVALID: late"), 2, ABOVE, 0.5)


@pytest.mark.usefixtures("machine")
def test_a_command_must_say_its_verdict_with_its_exit_code():
    library, planted = LoadInTurnsLibrary(), PlantedSeriesLibrary()
    slower = ended(1, "a table", "SLOWER: new is slower than old: e2e_p50 +20 %")
    planted.command_should_say(slower, "SLOWER", "e2e_p50 +20")
    library.load_command_should_say(slower, "SAME", "SLOWER")
    unclear = ended(3, "INCONCLUSIVE: new against old")
    for command in (slower, unclear, ended(0, "SLOWER: new"), ended(2, stderr="there is no store")):
        with pytest.raises(AssertionError, match="The comparison should say SAME"):
            planted.command_should_say(command, "SAME")
        with pytest.raises(AssertionError, match="The comparison should say SAME"):
            library.load_command_should_say(command, "SAME")


def test_runs_that_a_busy_machine_disturbed_end_a_row_without_a_verdict(machine, monkeypatch):
    machine(BUSY)
    monkeypatch.setattr(in_turns, "measure_machine", lambda: BUSY)
    refused = ended(2, "NO VERDICT on new against old: run 2 of new is INVALID: late")
    with pytest.raises(SkipExecution, match="INCONCLUSIVE"):
        LoadInTurnsLibrary().load_command_should_say(refused, "SLOWER")
    unclear = ended(3, "INCONCLUSIVE: new against old: 5 runs a side cannot tell")
    with pytest.raises(SkipExecution, match="INCONCLUSIVE"):
        LoadInTurnsLibrary().load_command_should_say(unclear, "SLOWER")
    with pytest.raises(AssertionError):
        LoadInTurnsLibrary().load_command_should_say(ended(0, "SAME: new is as fast"), "SLOWER")
    with pytest.raises(AssertionError):
        LoadInTurnsLibrary().load_command_should_say(ended(2, "NO VERDICT: they sent different things"), "SLOWER")
