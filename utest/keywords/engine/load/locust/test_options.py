"""The locustfile's options make the load plan that the engine would run."""

import pytest

from keywords.engine.load.arrival_file import save_arrivals
from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.errors import LoadInputError, PlanError
from keywords.engine.load.locust.options import HELP, load_of
from keywords.engine.load.plan import Stage

DEFAULTS = {option.removeprefix("--").replace("-", "_"): default for option, (default, _) in HELP.items()}


def load(**values):
    return load_of({**DEFAULTS, **values}, url="http://host", api_key="sk-key")


def test_without_options_the_users_ramp_up():
    plan = load().plan
    assert [(stage.users, stage.duration_s) for stage in plan.stages] == [(1, 30.0), (10, 30.0), (20, 30.0)]


def test_the_key_is_no_option_that_is_kept():
    found = load(load_users="2")
    assert found.plan.target.api_key == "sk-key"
    assert "sk-key" not in str(found.options)


def test_arrivals_bring_their_own_stages(tmp_path):
    arrivals = draw_arrivals((Stage(2.0, rate=10.0),))
    save_arrivals(arrivals, tmp_path / "arrivals.txt")
    plan = load(load_replay=str(tmp_path / "arrivals.txt")).plan
    assert plan.arrivals is not None
    assert plan.arrivals.sha256 == arrivals.sha256


def test_the_same_prompt_and_length_have_the_same_hash():
    assert load(load_max_tokens="4").workload_hash == load(load_max_tokens="4").workload_hash
    assert load(load_max_tokens="4").workload_hash != load(load_max_tokens="5").workload_hash


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"load_users": "many"}, "--load-users has 'many'"),
        ({"load_for": "30"}, "--load-for is '30', without a unit"),
        ({"load_max_tokens": "0"}, "--load-max-tokens"),
        ({"load_replay": "/nowhere"}, "/nowhere: the arrivals cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named(values, words):
    with pytest.raises(LoadInputError, match=words):
        load(**values)


def test_a_server_is_needed():
    with pytest.raises(PlanError, match="--host"):
        load_of(DEFAULTS, url="", api_key=None)
