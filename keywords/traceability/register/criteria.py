"""Exit criteria as data: what a release needs, and how each is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StrictFloat, StrictInt

from keywords.traceability.register.entries import Entry, IdRule, Kind, Text, Unique, load_list

if TYPE_CHECKING:
    from pathlib import Path

CriterionId = Annotated[str, IdRule(r"EXIT-[0-9]{3}", "write EXIT, a hyphen and three digits, like EXIT-001")]
Severity = Literal["S1", "S2", "S3", "S4"]
Share = Annotated[StrictFloat | StrictInt, Field(ge=0, le=1)]
Count = Annotated[StrictInt, Field(ge=0)]


class Coverage(Entry):
    """The share of requirements with a row of a kind, among those that need one of this kind."""

    of: Literal["coverage"]
    kind: Kind
    at_least: Share


class Proof(Entry):
    """The share of requirements of a risk that are proven, those with a valid waiver aside."""

    of: Literal["proof"]
    risk_at_least: Annotated[StrictInt, Field(ge=1, le=25)]
    at_least: Share


class Failures(Entry):
    """The number of requirements that fail, those with a valid waiver aside."""

    of: Literal["failures"]
    at_most: Count


class OpenBugs(Entry):
    """The number of open bugs of some severities."""

    of: Literal["open bugs"]
    severities: Unique[Severity]
    at_most: Count


class Expired(Entry):
    """The number of waivers and open bugs whose day of expiry has passed."""

    of: Literal["expired"]
    at_most: Count


class Suspects(Entry):
    """The number of requirements whose text changed after their rows were reviewed."""

    of: Literal["suspects"]
    at_most: Count


class Age(Entry):
    """The age of the oldest result that counts; an older one makes its requirement STALE."""

    of: Literal["age"]
    at_most_days: Annotated[StrictInt, Field(ge=1)]


class Latency(Entry):
    """The upper bound of a percentile of a latency, beside the limit of the environment.

    Attributes:
        series: the series of load runs whose latest valid one counts.
        metric: `ttft`, the time to the first token, or `e2e`, the time to the end of the answer.
        percentile: 1 to 99.
        limit: the variable of `variables/` with the limit in seconds.
    """

    of: Literal["latency"]
    series: Text
    metric: Literal["ttft", "e2e"]
    percentile: Annotated[StrictInt, Field(ge=1, le=99)]
    limit: Text


class Baseline(Entry):
    """What an evaluation set must reach.

    Attributes:
        set: its name, as `qa eval --list` shows it.
        limit: the variable of `variables/` with the least lower bound of the share of passed items, 0 to 1.
    """

    set: Text
    limit: Text


class Scores(Entry):
    """The lower bound of each evaluation score, beside its baseline in the environment.

    Attributes:
        at_most_days: how old an evaluation may be, in days.
        baselines: of each set.
    """

    of: Literal["scores"]
    at_most_days: Annotated[StrictInt, Field(ge=1)]
    baselines: Annotated[tuple[Baseline, ...], Field(min_length=1)]


Measure = Annotated[
    Coverage | Proof | Failures | OpenBugs | Expired | Suspects | Age | Latency | Scores,
    Field(discriminator="of"),
]


class Criterion(Entry):
    """One exit criterion.

    Attributes:
        id: its id, such as `EXIT-001`.
        title: what must hold, in a sentence.
        measure: what is measured, and its limit.
    """

    id: CriterionId
    title: Text
    measure: Measure


def load_criteria(path: Path) -> tuple[Criterion, ...]:
    """Read the exit criteria.

    Raises:
        RegisterError: with all problems of the file.
    """
    return load_list(path, Criterion, "exit criteria", "- id: EXIT-001 …")
