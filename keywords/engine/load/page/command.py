"""The command line that measures a stored load run again, as far as the store knows it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.load.imported.storing import imported_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.store.runs import Run

_OPTIONS: Final[Mapping[str, str]] = {
    "users": "--users",
    "rate": "--rate",
    "lasts": "--for",
    "requests": "--requests",
    "arrivals": "--arrivals",
    "warmup": "--warmup",
    "workload": "--workload",
    "prompts": "--prompt",
    "prompt_tokens": "--prompt-tokens",
    "max_tokens": "--max-tokens",
    "temperature": "--temperature",
    "timeout": "--timeout",
    "seed": "--seed",
    "most_in_flight": "--most-in-flight",
    "processes": "--processes",
    "levels": "--slo",
}
"""The options of `qa load` by the names under which the store has them."""
_USUAL: Final[Mapping[str, Any]] = {"arrivals": "poisson", "timeout": "120s", "seed": 0}


def command_of(run: Run) -> str:
    """The command of a run that `qa load` measured; a sentence of where to look for another one."""
    options = run.options
    if (tool := imported_from(run)) is not None:
        return f"# {tool} measured this run: run it again, and `qa import` its file."
    if "timeout" not in options:  # `qa load` always stores it
        return f"# No `qa load` measured this run: look in suites/ for {run.series!r}."
    words = ["qa", "load", run.target or "", *(("--model", run.model) if run.model else ())]
    for name, option in _OPTIONS.items():
        value = options.get(name)
        if value is None or _USUAL.get(name) == value:
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            words += [option, f"{one:g}" if isinstance(one, float) else str(one)]
    words += ["--unique-prefix"] if options.get("unique_prefix") else []
    words += ["--no-stream"] if options.get("stream") is False else []
    words += ["--name", run.series]
    note = "\n# It replayed stored arrivals: add --replay FILE." if options.get("replays") else ""
    return shlex.join(words) + note
