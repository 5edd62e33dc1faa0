"""What `qa compare` says of evaluations: set by set, and all items together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.evaluation.comparison import Verdict, compare, describe, judge_all, pooled, shown_p
from keywords.engine.evaluation.items import DatasetError
from keywords.engine.evaluation.pages import write_comparison_page
from keywords.engine.evaluation.scores import read_score
from keywords.engine.evaluation.storage import check_run
from keywords.engine.statistics.pairs import holm
from keywords.qa import exits
from keywords.qa.evaluation.asking import PAGES
from keywords.qa.project import results_folder
from keywords.qa.saying import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.engine.evaluation.comparison import Comparison
    from keywords.engine.store.database import Store
    from keywords.engine.store.runs import Run

_CODES = {
    Verdict.PASS: exits.PASS,
    Verdict.FAIL: exits.FAIL,
    Verdict.INCONCLUSIVE: exits.INCONCLUSIVE,
}


def compare_evaluations(
    store: Store, first: Sequence[Run], second: Sequence[Run], *, scorer: str, max_drop: float, page: Path | None
) -> int:
    """Compare the latest runs of each set, print what was lost and gained, write the page; return the exit code.

    Raises:
        DatasetError: they share no set, or a run lacks the scorer's marks.
        StoreError: the store is damaged.
    """
    comparisons = _comparisons(store, first, second, scorer)
    adjusted = holm([one.pairs.p for one in comparisons])
    for one, p in zip(comparisons, adjusted, strict=True):
        by_holm = f"; p={shown_p(p)} for {len(comparisons)} sets (Holm)" if len(comparisons) > 1 else ""
        say(f"{one.sentence}{by_holm}")
        for item in one.items:
            if item.change:
                say(f"  {item.change}: {item.item} {item.question}")
    if len(comparisons) > 1:
        say(f"all sets: {describe(pooled(comparisons))}")
    verdict, reason = judge_all(comparisons, max_drop)
    say(f"{verdict}: {reason}")
    name = f"compare-{comparisons[0].first.run.id}-{comparisons[0].second.run.id}.html"
    say(str(write_comparison_page(page or results_folder() / PAGES / name, comparisons, max_drop=max_drop)))
    return _CODES[verdict]


def _comparisons(store: Store, first: Sequence[Run], second: Sequence[Run], scorer: str) -> list[Comparison]:
    for run in (*first, *second):
        check_run(store, run)
    latest_first, latest_second = _latest(first), _latest(second)
    shared = [items for items in latest_first if items in latest_second]
    if not shared:
        raise DatasetError(
            f"they asked different sets: {', '.join(run.options['label'] for run in latest_first.values())}, and "
            f"{', '.join(run.options['label'] for run in latest_second.values())}"
        )
    return [
        compare(read_score(store, latest_first[items].id, scorer), read_score(store, latest_second[items].id, scorer))
        for items in shared
    ]


def _latest(runs: Sequence[Run]) -> dict[str, Run]:
    """The last run of each set, by the digest of its items."""
    return {run.options["sha256"]: run for run in runs}
