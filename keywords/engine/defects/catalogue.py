"""Catalogue of planted defects of keys, answers, the log and the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_COUNTS = ("completion_tokens", "output_tokens", "total_tokens")


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect; by default none.

    Attributes:
        opens_to: clients that get in without a valid key: those with any key, or everyone.
        health: replaced fields of `/health`.
        extra_tokens: added to the completion tokens and the total of each answer.
        logs_keys: whether the request's log line shows the client's key.
        silences_ledger: whether the ledger silently drops its entries.
    """

    opens_to: Literal["", "any key", "everyone"] = ""
    health: Mapping[str, str] = field(default_factory=dict)
    extra_tokens: int = 0
    logs_keys: bool = False
    silences_ledger: bool = False

    def key(self, sent: str | None, valid: str) -> str | None:
        """The key that the gateway gets.

        Args:
            sent: the client's key; None if it sent none.
            valid: a key that the gateway accepts.
        """
        opened = self.opens_to == "everyone" or (self.opens_to == "any key" and sent is not None)
        return valid if opened else sent

    def spoil(self, path: str, body: dict[str, Any]) -> None:
        """Spoil an answer in place.

        Args:
            path: the request's path.
            body: the body of the answer, or the data of an event.
        """
        if path == "/health":
            body.update(self.health)
        # Anthropic's first event has its usage in `message`.
        for holder in (body, body.get("message")):
            usage = holder.get("usage") if isinstance(holder, dict) else None
            if isinstance(usage, dict):
                usage.update({name: usage[name] + self.extra_tokens for name in _COUNTS if name in usage})


DEFECTS: Final[Mapping[DefectName, Defect]] = {
    "none": Defect(),
    "any key accepted": Defect(opens_to="any key"),
    "keys ignored": Defect(opens_to="everyone"),
    "another service": Defect(health={"service": "another-gateway"}),
    "another instance": Defect(health={"instance": "of-another-run"}),
    "key in the log": Defect(logs_keys=True),
    "usage off by one": Defect(extra_tokens=1),
    "silent ledger": Defect(silences_ledger=True),
}
