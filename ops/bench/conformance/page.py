"""The pages: the table of all marks, and a page of evidence for each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.cases.play import CASES
from ops.bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.bench.conformance.facts import Fact
    from ops.bench.conformance.playing import Judged
    from ops.bench.conformance.result import Conformance, Outcome

EVIDENCE = "conformance"
"""Folder of the pages of evidence, beside the table."""
_MOST_LINES, _MOST_WARNINGS, _LONGEST = 40, 12, 400
"""Of a tool's own output in the evidence."""


def markdown(results: Conformance) -> str:
    """The page with the table."""
    return "\n".join(_parts(results)) + "\n"


def evidence(results: Conformance, case: str) -> str:
    """The page of one case: what each tool was started with, what it told, and the truth."""
    known = CASES[case]
    parts = [f"# {case}\n", f"{known.behaviour} {known.truth}\n", f"Reported in: {known.source}\n"]
    for tool, outcome in results.outcomes[case].items():
        parts.append(f"## {tool}\n")
        if outcome.error:
            parts.append(f"No mark: {outcome.error}\n")
        for run in outcome.runs:
            parts += _run(run, "")
        for run in outcome.others:
            parts += _run(run, " (beside the mark)")
    return "\n".join(parts)


def _parts(results: Conformance) -> Iterator[str]:
    yield "# Load generators before servers with known answers\n"
    if not results.complete:
        yield "**It was broken off: what follows is what there was by then.**\n"
    yield "\n".join(f"- {name}: {value}" for name, value in results.machine.items()) + "\n"
    tools = list(results.versions)
    heads = [f"{name} {results.versions[name]}".strip() for name in tools]
    rows = [(case, *(_cell(results, case, tool) for tool in tools)) for case in results.outcomes]
    totals = [f"**{results.count(tool, 'right')} of {len(results.outcomes)} right**" for tool in tools]
    yield table(("case", *heads), [*rows, ("", *totals)])
    if notes := list(_notes(results)):
        yield "## What a mark depends on\n"
        yield "\n".join(notes) + "\n"
    for what, reason in results.skipped.items():
        yield f"- **{what}**: skipped: {reason}"
    yield _HOW


def _cell(results: Conformance, case: str, tool: str) -> str:
    outcome = results.outcomes[case].get(tool)
    if outcome is None:
        return "-"
    link = f"{EVIDENCE}/{case}.md#{tool.lower().replace(' ', '-')}"
    mark = outcome.mark
    if mark is None:
        return f"[no mark]({link})"
    why = _why(outcome)
    return f"[{mark}]({link}){f': {why}' if why else ''}"


def _why(outcome: Outcome) -> str:
    """The first fact that made the mark, in a few words."""
    for run in outcome.runs:
        if run.mark != outcome.mark or outcome.mark == "right":
            continue
        if not run.facts:
            return run.note
        fact = next(fact for fact in run.facts if fact.mark == outcome.mark)
        return f"{fact.what}: {fact.told}, not {fact.truth}" if fact.mark == "wrong" else fact.what
    return ""


def _notes(results: Conformance) -> Iterator[str]:
    for case, outcomes in results.outcomes.items():
        for tool, outcome in outcomes.items():
            for other in outcome.others:
                yield f"- {case}, {tool} {other.part}: {other.mark}{_first(other)}"


def _first(run: Judged) -> str:
    bad = next((fact for fact in run.facts if fact.mark == run.mark and run.mark != "right"), None)
    return "" if bad is None else f" ({bad.what}: {bad.told or 'nothing'}, not {bad.truth})"


def _run(run: Judged, suffix: str) -> Iterator[str]:
    if run.part or suffix:
        yield f"### {run.part}{suffix}\n"
    if not run.command:
        yield f"Not played: {run.note}.\n"
        return
    yield f"`{run.command}`\n"
    yield table(("fact", "told", "truth", "mark"), [_row(fact) for fact in run.facts])
    if run.warnings:
        yield "Its warnings:\n"
        yield "\n".join(f"- {_short(text)}" for text in run.warnings[:_MOST_WARNINGS]) + "\n"
    shown = [line.rstrip()[:_LONGEST] for line in run.lines[:_MOST_LINES]]
    yield "Of its own results:\n"
    yield "\n".join(["```text", *shown, "```", ""])


def _row(fact: Fact) -> tuple[str, str, str, str]:
    return (fact.what, (fact.told or "-").replace("|", "/"), fact.truth, fact.mark)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_HOW = """## How it was judged

- Each case is a server with known behaviour (`keywords/engine/load/cases`), played by the scripted backend, whose own
  record of what it sent, and when, is the truth. Each tool is started by its own command, and judged by what it writes
  into its own result files, by the same check for all; the linked pages have the command, the numbers and the truth.
- *right*: all facts of the case are as they were. *wrong*: it reports one that was not. *not reported*: it reports none
  that was wrong, and one not at all, or has no way to play the case.
- `qa load` is read from its store and its report. AIPerf counts tokens by the server's usage
  (`--use-server-token-count`), its documented option for servers that count; where its own tokenizer makes a
  difference, that run stands beside. Its times to the end are judged as the times to the last text that they are.
- Locust has no own notion of streams: it is judged with `ops/bench/conformance/locustfile.py`, a FastHttpUser as people
  write it for LLMs. Its marks are those of that file: one that looks for `error` in each event would be right about
  errors, and one that notes the last text about the late end.
- A time may be 50 ms later than the server's, so that a machine with other work can play the cases; a case's wrong
  answer lies further off."""
