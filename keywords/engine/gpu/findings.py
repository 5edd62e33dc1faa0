"""Findings: rules that stand as data, and what they say of a GPU. What cannot be measured is UNKNOWN, and not sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from keywords.engine.gpu.signals import SIGNALS
from keywords.engine.gpu.windows import NotMeasuredError, gauge, growth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from keywords.engine.gpu.capabilities import Capabilities
    from keywords.engine.gpu.telemetry import Telemetry, Window

Look = Literal["now", "growth", "highest"]
Severity = Literal["warn", "critical"]
Action = Literal["none", "drain", "reset", "restart", "service"]
Verdict = Literal["OK", "WARN", "CRITICAL", "UNKNOWN"]
_BOUNDS: Final = ("above", "below", "equal", "above_signal", "below_signal")
_FIELDS: Final = ("id", "title", "signal", "look", "severity", "action")
_OTHER: Final = "other"


class RulesError(Exception):
    """A file of rules breaks a rule itself; the message names file, rule, field and remedy."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts as a finding.

    Attributes:
        id: a short name.
        title: the finding as a sentence without its end.
        signal: the signal that is looked at.
        look: which number of it.
        bound: how it is compared: `above`, `below`, `equal`: a number; `above_signal`, `below_signal`: a signal.
        limit: the number, or the name of the other signal.
        severity: `warn` or `critical`.
        action: what to do.
    """

    id: str
    title: str
    signal: str
    look: Look
    bound: str
    limit: float | str
    severity: Severity
    action: Action


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one device.

    Attributes:
        id: of the rule.
        device: the GPU's index.
        verdict: `OK`, `WARN`, `CRITICAL`, or `UNKNOWN` if the GPU does not tell.
        evidence: the number and the limit, or the reason why there is none.
        action: what to do; `none` unless the verdict is `WARN` or `CRITICAL`.
        title: what was looked for.
    """

    id: str
    device: int
    verdict: Verdict
    evidence: str
    action: Action
    title: str

    def __str__(self) -> str:
        return f"GPU {self.device}: {self.title} ({self.evidence}; action: {self.action})"


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Read rules.

    Raises:
        RulesError: a rule lacks a field or holds a wrong one.
    """
    import yaml  # noqa: PLC0415  # the collector reads no rules

    entries = yaml.safe_load(path.read_text("utf-8"))
    return tuple(_rule(entry, f"{path.name}: rule {number}") for number, entry in enumerate(entries, 1))


def look_now(rules: Iterable[Rule], matrix: Capabilities) -> tuple[Finding, ...]:
    """What the rules about this moment say of a device."""
    return tuple(_now(rule, matrix) for rule in rules if rule.look == "now")


def look_back(rules: Iterable[Rule], telemetry: Telemetry, window: Window) -> tuple[Finding, ...]:
    """What the rules about a run say of each device."""
    return tuple(
        _in_run(rule, telemetry, window, device) for device in telemetry.devices for rule in rules if rule.look != "now"
    )


def look_at_xids(path: Path, codes: Iterable[int], device: int) -> tuple[Finding, ...]:
    """The findings of XIDs, one for each that came.

    Raises:
        RulesError: the file lacks the entry `other`, or one holds a wrong field.
    """
    import yaml  # noqa: PLC0415  # as above

    entries: Mapping[Any, Mapping[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    if _OTHER not in entries:
        raise RulesError(
            f"{path.name}: the entry '{_OTHER}' is missing; add it, for numbers that the list does not know"
        )
    for code, entry in entries.items():
        _check(entry, "severity", get_args(Severity), f"{path.name}: {code}")
        _check(entry, "action", get_args(Action), f"{path.name}: {code}")
    return tuple(
        Finding(
            f"xid-{code}",
            device,
            _verdict(entry["severity"]),
            f"XID {code} came {count} times" if count > 1 else f"XID {code} came once",
            entry["action"],
            str(entry["title"]),
        )
        for code, count in sorted(_counts(codes).items())
        for entry in (entries.get(code, entries[_OTHER]),)
    )


def as_table(findings: Iterable[Finding]) -> str:
    """Findings as Markdown, the gravest first."""
    order = ("CRITICAL", "WARN", "UNKNOWN", "OK")
    lines = ["| GPU | finding | verdict | evidence | action |", "| --- | --- | --- | --- | --- |"]
    for each in sorted(findings, key=lambda finding: (order.index(finding.verdict), finding.device)):
        evidence = each.evidence.replace("|", "/")
        lines.append(f"| {each.device} | {each.id}: {each.title} | {each.verdict} | {evidence} | {each.action} |")
    return "\n".join(lines) + "\n"


def _now(rule: Rule, matrix: Capabilities) -> Finding:
    reading = matrix.readings[rule.signal]
    if reading.value is None:
        return _unknown(rule, matrix.device, f"{rule.signal}: {reading.reason}")
    return _compare(rule, reading.value, matrix, matrix.device)


def _in_run(rule: Rule, telemetry: Telemetry, window: Window, device: int) -> Finding:
    try:
        if rule.look == "growth":
            value = growth(telemetry, rule.signal, window, device)
        else:
            value = gauge(telemetry, rule.signal, window, device).high
    except NotMeasuredError as error:
        return _unknown(rule, device, str(error))
    return _compare(rule, value, telemetry.of(device), device)


def _compare(rule: Rule, value: float, matrix: Capabilities, device: int) -> Finding:
    limit: Any = rule.limit
    told = f"{limit:g}" if not isinstance(limit, str) else limit
    if isinstance(rule.limit, str):
        reading = matrix.readings[rule.limit]
        if reading.value is None:
            return _unknown(rule, device, f"{rule.limit}: {reading.reason}")
        limit = reading.value
        told = f"{rule.limit} {limit:g}"
    # A temperature at the threshold is already slowed down.
    is_found = {
        "above": value > limit,
        "below": value < limit,
        "equal": value == limit,
        "above_signal": value >= limit,
        "below_signal": value < limit,
    }[rule.bound]
    number = f"{rule.signal} {'grew by ' if rule.look == 'growth' else ''}{value:g}"
    if not is_found:
        return Finding(rule.id, device, "OK", number, "none", rule.title)
    relation = rule.bound.removesuffix("_signal")
    return Finding(rule.id, device, _verdict(rule.severity), f"{number}, {relation} {told}", rule.action, rule.title)


def _unknown(rule: Rule, device: int, reason: str) -> Finding:
    return Finding(rule.id, device, "UNKNOWN", reason, "none", rule.title)


def _verdict(severity: Severity) -> Verdict:
    return "WARN" if severity == "warn" else "CRITICAL"


def _counts(codes: Iterable[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for code in codes:
        counts[code] = counts.get(code, 0) + 1
    return counts


def _rule(entry: Any, where: str) -> Rule:
    if not isinstance(entry, dict):
        raise RulesError(f"{where} is no mapping; write the fields {', '.join(_FIELDS)}")
    for name in _FIELDS:
        if name not in entry:
            raise RulesError(f"{where}: the field '{name}' is missing; add it")
    bounds = [name for name in _BOUNDS if name in entry]
    if len(bounds) != 1:
        raise RulesError(
            f"{where} must have exactly one of {', '.join(_BOUNDS)}, and has {', '.join(bounds) or 'none'}"
        )
    unknown = set(entry) - {*_FIELDS, *_BOUNDS, "source"}
    if unknown:
        raise RulesError(f"{where}: the field '{min(unknown)}' is unknown; remove it")
    _check(entry, "look", get_args(Look), where)
    _check(entry, "severity", get_args(Severity), where)
    _check(entry, "action", get_args(Action), where)
    _check(entry, "signal", tuple(SIGNALS), where)
    bound = bounds[0]
    if bound.endswith("_signal"):
        _check(entry, bound, tuple(SIGNALS), where)
    elif not isinstance(entry[bound], int | float):
        raise RulesError(f"{where}: {bound} is {entry[bound]!r}; write a number")
    return Rule(
        id=entry["id"],
        title=entry["title"],
        signal=entry["signal"],
        look=entry["look"],
        bound=bound,
        limit=entry[bound],
        severity=entry["severity"],
        action=entry["action"],
    )


def _check(entry: Mapping[str, Any], name: str, allowed: tuple[str, ...], where: str) -> None:
    value = entry.get(name)
    if value not in allowed:
        shown = ", ".join(allowed) if len(allowed) < 10 else "a signal of keywords/engine/gpu"  # noqa: PLR2004  # a short list
        raise RulesError(f"{where}: {name} is {value!r}; use {shown}")
