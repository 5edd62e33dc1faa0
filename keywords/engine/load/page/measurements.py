"""Figures of a load run in the form of Allure's metrics: one number for each metric and stage.

Source: allurereport.org/docs/performance-metrics: files `*-perf.json` of id, key, value, start and stop, from 3.17 on.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.load.report.numbers import scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.load.page.stored import StoredLoad

_PERCENTILES: Final = (("ttft_first_content", 50), ("ttft_first_content", 95), ("e2e", 50), ("e2e", 95))
_MILLISECONDS = 1000
FILE_END: Final = "-perf.json"
"""By this end of its name Allure knows such a file."""


def measurements_of(load: StoredLoad) -> list[dict[str, Any]]:
    """The figures; one without enough values, or that failures make infinite, is left out.

    Their keys stand in Allure's configuration with title, unit and direction; a run of the same series and load is the
    same measurement, so Allure compares it with the last one.
    """
    found = []
    for stage in load.summary.stages:
        begin, end = (
            int(_MILLISECONDS * (load.run.started_at + moment - load.origin_s))
            for moment in load.summary.windows[stage]
        )
        found += [
            {
                "id": f"{load.run.series}, {load.load_of(stage)}",
                "key": key,
                "value": round(value, 4),
                "start": begin,
                "stop": end,
            }
            for key, value in _figures(load, stage)
        ]
    return found


def _figures(load: StoredLoad, stage: int) -> Iterator[tuple[str, float]]:
    summary = load.summary
    for metric, p in _PERCENTILES:
        value = summary.percentile(metric, p, stage, failures=True)
        if value is not None and isfinite(value):
            yield f"{metric}_p{p}", value * scale_of(metric)[0]
    rates = {"rps": summary.rps(stage), "total_output_tokens_per_s": summary.total_output_tokens_per_s(stage)}
    yield from ((key, value) for key, value in rates.items() if value is not None)
    yield "error_rate", 100 * summary.error_rate_of(stage)
