"""The results as a table in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.statistics.percentiles import values_needed
from ops.bench.hostile.measure import HEALTH_MS, RSS_MB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ops.bench.hostile.measure import Result


def markdown(results: Iterable[Result], about: Mapping[str, str]) -> str:
    """The results in Markdown.

    Args:
        results: in their order.
        about: what each kind does, by its name.
    """
    head = (
        f"| kind | each connection | connections | sent MB | RSS before MB | RSS growth MB (≤ {RSS_MB:g}) "
        f"| `/health` p99 ms (≤ {HEALTH_MS:g}) | n | failed | held |"
    )
    lines = [head, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    lines += [
        f"| {one.kind} | {about[one.kind]} | {one.connections:,} | {one.sent_mb:,.1f} | {one.rss_before_mb:.0f} "
        f"| {one.rss_growth_mb:.1f} | {'' if one.probes >= values_needed(99) else 'max '}{one.health_ms:.1f} "
        f"| {one.probes} | {one.failed} | {'yes' if one.is_within_bounds else 'NO'} |"
        for one in results
    ]
    return "\n".join(lines) + "\n"
