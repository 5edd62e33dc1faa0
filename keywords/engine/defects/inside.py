"""Defects inside a gateway of the run's own: of its keys, its answers, its log and its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from keywords.engine.defects.answers import one_token_more
from keywords.engine.defects.changes import on_object, on_objects, on_request, pass_on
from keywords.engine.defects.keys import any_key, everyone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.defects.changes import Fields
    from keywords.engine.defects.exchange import Plant

DefectName = Literal[
    "none",
    "any key accepted",
    "keys ignored",
    "another service",
    "another instance",
    "key in the log",
    "usage off by one",
    "silent ledger",
]
"""`none` is the control: the same wire, and everything passes unchanged."""


@dataclass(frozen=True, slots=True)
class InsideDefect:
    """One defect of a gateway; by default none.

    Attributes:
        plant: makes what happens on the wire.
        logs_keys: whether the request's log line shows the client's key.
        silences_ledger: whether the ledger silently drops its entries.
    """

    plant: Plant = lambda: pass_on
    logs_keys: bool = False
    silences_ledger: bool = False


def _health(**fields: Any) -> Plant:
    def change(body: Fields) -> None:
        # Readiness, below the same path, knows neither field.
        body.update({name: value for name, value in fields.items() if name in body})

    return on_object(change, path="/health")


DEFECTS: Final[Mapping[DefectName, InsideDefect]] = {
    "none": InsideDefect(),
    "any key accepted": InsideDefect(on_request(any_key)),
    "keys ignored": InsideDefect(on_request(everyone)),
    "another service": InsideDefect(_health(service="another-gateway")),
    "another instance": InsideDefect(_health(instance="of-another-run")),
    "key in the log": InsideDefect(logs_keys=True),
    "usage off by one": InsideDefect(on_objects(one_token_more)),
    "silent ledger": InsideDefect(silences_ledger=True),
}
