"""Plans of load runs from what a row writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.load.plan import Target
from keywords.engine.load.planning import LoadOptions, make_items, make_plan
from keywords.engine.load.workload.measure_lengths import measure_lengths, usage_counter
from keywords.engine.load.workload.reading import load_workload, read_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload
from keywords.run import target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.workload.prompt_lengths import PromptLengths
    from keywords.engine.load.workload.reading import LoadedWorkload

NAME = "row"
"""Name of the workload of a row that names no file, and of its only entry."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a load run sends.

    Attributes:
        prompt: of every request; ignored where `prompt_tokens` or `workload` says more.
        prompt_tokens: length of synthetic prompts.
        max_tokens: upper bound of each answer.
        unique_prefix: whether each prompt begins with words of its own.
        fields: further fields of each request.
        workload: a file in place of all these.
    """

    prompt: str
    prompt_tokens: int | None = None
    max_tokens: int | None = None
    unique_prefix: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    workload: Path | None = None

    def load(self) -> LoadedWorkload:
        """The workload.

        Raises:
            WorkloadError: it cannot be used.
        """
        if self.workload is not None:
            return read_workload(self.workload)
        prompts = Prompts(texts=(self.prompt,)) if self.prompt_tokens is None else Prompts(tokens=self.prompt_tokens)
        entry = Entry(name=NAME, prompts=prompts, max_tokens=self.max_tokens, fields=dict(self.fields))
        return load_workload(Workload(name=NAME, mix=(entry,), unique_prefix=self.unique_prefix))


def here() -> Target:
    """The gateway under test."""
    client = target.client()
    return Target(client.base_url, client.model, target.api_key())


def lengths_here(workload: LoadedWorkload, options: LoadOptions) -> PromptLengths | None:
    """Words of prompts of n tokens, counted by the gateway under test; None where no length is in tokens.

    Raises:
        CalibrationError: the server does not let one make prompts of these lengths.
    """
    with target.unrecorded_client() as client:
        return measure_lengths(make_items(workload, options), usage_counter(client))


def plan_here(workload: LoadedWorkload, options: LoadOptions) -> LoadPlan:
    """The plan of a load run against the gateway under test.

    Raises:
        LoadInputError: the options do not go together, or the lengths cannot be made.
    """
    return make_plan(here(), workload, options, lengths=lengths_here(workload, options))
