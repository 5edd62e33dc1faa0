"""Counts that have to fit together: of the plan, the samples, the server and its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.load.run import RunFacts
    from keywords.engine.load.storage.columns import SampleColumns


def count_problems(
    samples: SampleColumns, facts: RunFacts | None = None, others: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """What does not fit together, one sentence each; empty if everything does.

    Args:
        samples: of the run, the warm-up included.
        facts: what the client knows besides.
        others: requests that others counted, by their name, such as `the gateway's ledger`. Of requests that broke off
            before an answer, a server may know nothing, so a count between those with a status and those sent fits.
    """
    problems = []
    keys = np.stack([samples.item, samples.turn], axis=1)
    if twice := len(keys) - len(np.unique(keys, axis=0)):
        problems.append(f"{twice} samples are of a request that has another sample: each request is one sample")
    sent = int((~np.isnan(samples.t_sent)).sum())
    if facts is not None:
        items = len(np.unique(samples.item[samples.stage >= 0]))
        if facts.planned_items is not None and items != facts.planned_items:
            problems.append(f"{facts.planned_items} items were planned, and {items} have a sample")
        if facts.unsent_items:
            problems.append(f"{facts.unsent_items} items were due and never sent")
        problems += [
            f"a client process was lost, with samples that it had not handed over: {why}" for why in facts.lost_clients
        ]
    answered = int((~np.isnan(samples.t_first_byte) & ~np.isnan(samples.t_sent)).sum())
    for name, count in (others or {}).items():
        if not answered <= count <= sent:
            problems.append(
                f"{name} counted {count} requests, and the client sent {sent}, of which {answered} brought "
                f"a first byte: look for other clients, retries, or requests that never arrived"
            )
    return tuple(problems)
