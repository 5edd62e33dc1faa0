"""Options of the locustfile, and the load plan that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.load.arrival_file import load_arrivals
from keywords.engine.load.errors import PlanError
from keywords.engine.load.plan import Target
from keywords.engine.load.planning import LoadOptions, make_plan
from keywords.engine.load.quantities import parse_count, parse_counts, parse_duration
from keywords.engine.load.workload.reading import load_workload, read_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.load.plan import LoadPlan

HELP: Final[Mapping[str, tuple[str, str]]] = {
    "--load-model": ("", "model to ask for"),
    "--load-users": ("1,10,20", "users of each stage"),
    "--load-for": ("30s", "duration of each stage, in whole seconds: Locust changes its users once a second"),
    "--load-replay": ("", "file of arrivals in place of users, as `qa load --save-arrivals` writes"),
    "--load-workload": ("", "workload file of conversations of one request; in place of prompt and tokens"),
    "--load-prompt": ("Say hello.", "user message of every request"),
    "--load-max-tokens": ("", "upper bound of each answer"),
    "--load-series": ("locust", "name under which runs are compared"),
    "--load-store": ("results/measurements.db", "the store, on the machine of the master"),
}
"""Options with their defaults and help; Locust's master hands them to its workers. The key is GATEWAY_API_KEY."""
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class LocustLoad:
    """What Locust is to do.

    Attributes:
        plan: the load plan, as the engine has it.
        workload_hash: of what is sent.
        series: name under which runs are compared.
        store: the file of measurements.
        options: as typed, for the store.
    """

    plan: LoadPlan
    workload_hash: str
    series: str
    store: Path
    options: Mapping[str, Any]


def load_of(values: Mapping[str, Any], *, url: str, api_key: str | None) -> LocustLoad:
    """The load that options ask for.

    Args:
        values: of the options, by their names without dashes, `load_users` and so on.
        url: of the server.
        api_key: None sends none.

    Raises:
        LoadInputError: an option cannot be used.
    """
    if not url:
        raise PlanError("there is no server: give its address with --host")
    told = {name: str(values.get(_field(name)) or "") for name in HELP}
    replay = told["--load-replay"]
    if told["--load-workload"]:
        workload = read_workload(Path(told["--load-workload"]))
    else:
        tokens = told["--load-max-tokens"]
        prompts = Prompts(texts=(told["--load-prompt"],))
        most = parse_count(tokens, "--load-max-tokens") if tokens else None
        entry = Entry(name="locust", prompts=prompts, max_tokens=most, fields={})
        workload = load_workload(Workload(name="locust", mix=(entry,)))
    plan = make_plan(
        Target(url, told["--load-model"], api_key),
        workload,
        LoadOptions(
            users=() if replay else parse_counts(told["--load-users"], "--load-users"),
            duration_s=None if replay else parse_duration(told["--load-for"], "--load-for"),
            timeout_s=_TIMEOUT_S,
        ),
        arrivals=load_arrivals(Path(replay)) if replay else None,
    )
    if any(stage.duration_s is None for stage in plan.stages):
        raise PlanError("--load-replay: each stage of the arrivals needs a duration")
    kept = {name.removeprefix("--load-"): value for name, value in told.items() if value}
    return LocustLoad(plan, workload.sha256, told["--load-series"], Path(told["--load-store"]), kept)


def _field(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
