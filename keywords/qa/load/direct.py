"""The server behind a gateway: the same prompts go there too, so that what the gateway adds is known."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from keywords.engine.load.errors import PlanError
from keywords.engine.load.outcome import verdict_of
from keywords.engine.load.planning import make_plan
from keywords.engine.load.preflight import check_server
from keywords.engine.load.report.added import added_report, pairs_of
from keywords.engine.load.sweep import SweepPoint
from keywords.engine.redaction.secrets import SECRETS
from keywords.qa.exits import INTERRUPTED, NO_VERDICT, worst
from keywords.qa.load.printing import print_report

if TYPE_CHECKING:
    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.load.plan import Target
    from keywords.engine.load.planning import LoadOptions
    from keywords.engine.load.session import LoadRun
    from keywords.engine.load.workload.prompt_lengths import PromptLengths
    from keywords.engine.load.workload.reading import LoadedWorkload
    from keywords.qa.load.running import LoadRuns

KEY = "DIRECT_API_KEY"
"""Variable of the direct server's key; the gateway's own key is none of its business."""
_THROUGH, _DIRECT = "through the gateway", "direct"


def direct_target(url: str, model: str | None, gateways_model: str) -> Target:
    """The server behind the gateway, with the model to ask it for.

    Args:
        url: its address.
        model: as typed; None takes the gateway's name for it, or the only one that the server lists.
        gateways_model: the model that the gateway is asked for.

    Raises:
        PreflightError: the server cannot be used.
        PlanError: none of several models is the gateway's.
    """
    SECRETS.protect_address(url)
    key = os.environ.get(KEY) or None
    if key:
        SECRETS.protect(key)
    found = check_server(url, model=model or "", api_key=key)
    if model is not None or gateways_model not in found.facts.models:
        if model is None and len(found.facts.models) > 1:
            listed = ", ".join(found.facts.models)
            raise PlanError(
                f"the direct server has no model {gateways_model}, but {listed}: name one by --direct-model"
            )
        return found.target
    return replace(found.target, model=gateways_model)


def measure_added(
    runs: LoadRuns,
    through: Target,
    direct: Target,
    workload: LoadedWorkload,
    options: LoadOptions,
    lengths: PromptLengths | None,
    arrivals: Arrivals | None,
) -> int:
    """Send the load through the gateway and to the server behind it, in the order A B B A, and return the exit code.

    Each half has a seed of its own. What is read from the gateway's runs is judged by the levels; the direct ones only
    have to be VALID and answered.
    """

    def measure(target: Target, seed: int, what: str) -> LoadRun:
        typer.echo(what, err=True)
        plan = make_plan(target, workload, replace(options, seed=seed), lengths=lengths, arrivals=arrivals)
        return runs.measure(SweepPoint({}, workload, plan), way="" if target is through else _DIRECT)

    codes, rounds = [], []
    for half in (0, 1):
        sides = [(through, _THROUGH), (direct, _DIRECT)]
        found: dict[str, LoadRun] = {}
        for target, way in sides if not half else reversed(sides):
            run = found[way] = measure(target, options.seed + half, f"Run {2 * half + len(found) + 1} of 4: {way}")
            code = runs.conclude(run, suffix=f"-{2 * half + len(found)}")
            codes.append(code if target is through or code in {INTERRUPTED, NO_VERDICT} else _usable(run))
            if code == INTERRUPTED:
                said = "interrupted: without all four runs, nothing is said of what the gateway adds"
                typer.echo(said, err=True)
                runs.write_page(said)
                return INTERRUPTED
        rounds.append((found[_THROUGH], found[_DIRECT]))
    print_report(added_report(rounds, unique_prefix=workload.spec.unique_prefix))
    runs.write_page()
    return worst([*codes, *([] if pairs_of(rounds) else [NO_VERDICT])])


def _usable(run: LoadRun) -> int:
    """A direct run proves nothing against the gateway, but one that failed is nothing to compare with."""
    return NO_VERDICT if verdict_of(run, ())[0] != "PASS" else 0
