"""What can be planted, and what each defect does to keys, answers, the log and the ledger."""

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
"""`none` is the control: the same wire, and everything passes as it is."""
_COUNTS = ("completion_tokens", "output_tokens", "total_tokens")


@dataclass(frozen=True, slots=True)
class Defect:
    """What is spoilt; by default nothing.

    Attributes:
        opens_to: whom the gateway lets in without a valid key: those who send any key, or everyone.
        health: fields of `/health` that are replaced.
        extra_tokens: added to the tokens of each answer, and to the total.
        logs_keys: the log's line of a request shows the client's key.
        silences_ledger: the ledger takes no entry, and nobody is told.
    """

    opens_to: Literal["", "any key", "everyone"] = ""
    health: Mapping[str, str] = field(default_factory=dict)
    extra_tokens: int = 0
    logs_keys: bool = False
    silences_ledger: bool = False

    def key(self, sent: str | None, valid: str) -> str | None:
        """The key that the gateway gets to see.

        Args:
            sent: the client's; None if it sent none.
            valid: one that the gateway accepts.
        """
        opened = self.opens_to == "everyone" or (self.opens_to == "any key" and sent is not None)
        return valid if opened else sent

    def spoil(self, path: str, body: dict[str, Any]) -> None:
        """Change what the client gets to see.

        Args:
            path: what was asked.
            body: the body of the answer, or the data of an event; changed in place.
        """
        if path == "/health":
            body.update(self.health)
        # Anthropic's first event holds its usage one level down.
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
