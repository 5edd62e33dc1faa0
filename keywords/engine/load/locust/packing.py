"""Samples and health as what Locust's messages hold: lists, numbers and texts."""

from __future__ import annotations

from array import array
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from keywords.engine.load.run import ClientHealth, RunFacts
from keywords.engine.load.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FACTS = "LOAD_FACTS"
"""Environment variable with the file for a run's facts."""
_NAMES = tuple(each.name for each in fields(Sample))
_MOMENTS = tuple(name for name in _NAMES if name.startswith("t_"))
_LAGS = ("loop_lags_s", "send_lags_s")
BETWEEN_STAGES = -1
"""Stage of requests that were sent while users came or went."""
_SAME_CLOCK_S = 0.005
"""Two processes whose clocks differ by no more read the same one; those of two machines differ by their uptimes."""


def pack_sample(sample: Sample) -> list[Any]:
    """A sample as a list, in the order of its fields."""
    values = [getattr(sample, name) for name in _NAMES]
    values[_NAMES.index("chunk_times")] = sample.chunk_times.tolist()
    return values


def unpack_sample(values: Sequence[Any], *, behind_s: float = 0.0) -> Sample:
    """A sample from its list, on this machine's clock.

    Args:
        values: of `pack_sample`.
        behind_s: what this machine's clock reads less than the other's, as `clock_difference` has it.
    """
    sample = Sample(**dict(zip(_NAMES, values, strict=True)))
    sample.chunk_times = array("d", [moment - behind_s for moment in values[_NAMES.index("chunk_times")]])
    for name in _MOMENTS:
        if (moment := getattr(sample, name)) is not None:
            setattr(sample, name, moment - behind_s)
    return sample


def clock_difference(their_offset_s: float, our_offset_s: float) -> float:
    """What our monotonic clock reads less than theirs, in seconds, if both machines' wall clocks agree.

    Args:
        their_offset_s: their wall clock less their monotonic one.
        our_offset_s: the same of ours.
    """
    difference = our_offset_s - their_offset_s
    return 0.0 if abs(difference) <= _SAME_CLOCK_S else difference


def pack_health(health: ClientHealth) -> dict[str, Any]:
    """The health of a process as a dictionary; lags by stage as pairs, as JSON has no numbers for names."""
    facts = {each.name: getattr(health, each.name) for each in fields(health)}
    return facts | {name: [[stage, list(lags)] for stage, lags in facts[name].items()] for name in _LAGS}


def pack_facts(run: int, facts: RunFacts) -> dict[str, Any]:
    """A run's id and facts as JSON holds them."""
    told = {each.name: getattr(facts, each.name) for each in fields(facts)}
    return {"run": run, "facts": {**told, "clients": [pack_health(each) for each in facts.clients]}}


def unpack_facts(values: Mapping[str, Any]) -> tuple[int, RunFacts]:
    """A run's id and facts from `pack_facts`."""
    facts = dict(values["facts"])
    facts["clients"] = tuple(unpack_health(each) for each in facts["clients"])
    facts["stage_bounds"] = tuple((began, ended) for began, ended in facts["stage_bounds"])
    facts |= {name: tuple(facts[name]) for name in ("planned", "begun", "lost_clients")}
    return values["run"], RunFacts(**facts)


def unpack_health(values: dict[str, Any]) -> ClientHealth:
    """The health from its dictionary."""
    return ClientHealth(**{**values, **{name: dict(values[name]) for name in _LAGS}})
