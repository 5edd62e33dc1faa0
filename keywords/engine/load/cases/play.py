"""Playing of a case: a scripted backend plays its parts, the load engine measures them, the checks compare."""

from __future__ import annotations

import http.client
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keywords.engine.load.cases.case import Finding, Measurement
from keywords.engine.load.cases.populations import POPULATION_CASES
from keywords.engine.load.cases.stall import stall_case
from keywords.engine.load.cases.streams import STREAM_CASES
from keywords.engine.load.cases.tokens import TOKEN_CASES
from keywords.engine.load.cautions import CautionCounter
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.plan import LoadPlan, Target
from keywords.engine.load.run import run_load
from keywords.engine.load.storage.columns import columns_of
from keywords.engine.load.validity import judge
from keywords.engine.scripted.script import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.cases.case import Case, Part
    from keywords.engine.load.sample import Sample
    from keywords.engine.scripted.backend import ScriptedBackend

STALL_S = 0.6
"""Length of the stall; a longer one shows the same."""
METRICS = "/metrics"

CASES: dict[str, Case] = {
    case.name: case for case in (*STREAM_CASES, stall_case(STALL_S), *TOKEN_CASES, *POPULATION_CASES)
}
"""The twenty-three cases by name."""


class _Kept(list["Sample"]):
    """A sink that keeps all samples; a case has few."""

    def add(self, samples: Sequence[Sample]) -> None:
        """Take finished samples."""
        self.extend(samples)


def play_case(case: Case, backend: ScriptedBackend) -> Finding:
    """Let the load engine measure a case, and compare with the truth.

    Args:
        case: one of `CASES`.
        backend: a running one; its scripts and its record are replaced.

    Raises:
        LoadRunError: the load could not be sent.
    """
    return Finding(
        case, tuple(deviation for part in case.parts for deviation in part.check(measure_part(part, backend)))
    )


def measure_part(part: Part, backend: ScriptedBackend) -> Measurement:
    """Play a part and measure it, with one client process.

    Raises:
        LoadRunError: the load could not be sent.
    """
    backend.play(*part.scripts, cycle=True)
    backend.forget_requests()
    if part.page is not None:
        backend.play(Script(body=part.page), path=METRICS)
    plan = LoadPlan(
        Target(backend.url, backend.models[0]),
        part.items,
        part.stages,
        arrivals=part.arrivals,
        most_in_flight=part.most_in_flight,
        processes=1,
    )
    kept, cautions = _Kept(), CautionCounter(replace(part.items, work_s=0.0))
    facts = run_load(plan, [kept, cautions])
    summary = Summary(columns_of(kept, facts.stage_bounds))
    return Measurement(
        samples=tuple(kept),
        numbers=summary,
        invalid=judge(facts).reasons,
        cautions=cautions.cautions(),
        received=len(backend.chat_bodies()),
        requests=tuple(backend.chat_requests()) if part.recorded else (),
        started=facts.started,
        arrivals=part.arrivals,
        page=_read_page(backend.url) if part.page is not None else b"",
    )


def _read_page(url: str) -> bytes:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)) as connection:
        connection.request("GET", METRICS)
        return connection.getresponse().read()
