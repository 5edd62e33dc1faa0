"""Evidence folder of a row: facts, exchanges, a page, and for a failed row a script that repeats it."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.evidence.files import write_exchanges, write_json
from keywords.engine.evidence.folders import EVIDENCE_FOLDER, WORK_FOLDER
from keywords.engine.evidence.reproduction import write_curl_script, write_log_tail, write_manifest, write_readme
from keywords.engine.redaction.secrets import SECRETS
from keywords.traceability.evidence.earlier_run import RUN_FILE
from keywords.traceability.pages import render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.engine.evidence.collector import Collector
    from keywords.engine.evidence.files import WrittenExchange
    from keywords.traceability.evidence.workings import Workings
    from keywords.traceability.register.requirements import Requirement

PAGE = "index.html"
FACTS = "row.json"
"""The facts of the page as data."""
CONVERSATION = "messages"
"""Field of a request that the page shows in full; all others are parameters."""
VALUE_LIMIT = 200
"""Characters of a parameter that are shown."""
LIBRARIES = ("robotframework", "httpx2", "openai", "llm-gateway-qa")


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Facts about a finished row.

    Attributes:
        name: the fact that it states.
        suite: full name of its suite.
        requirements: ids of its requirements.
        kinds: kinds of proof.
        tags: all tags that its author gave it.
        known_as: the known bug as which it failed; empty for all other rows.
        status: `PASS`, `FAIL` or `SKIP`.
        message: the reason for the status; empty for most passed rows.
        started: local time in ISO 8601.
        elapsed_s: seconds.
        environment: metadata of the root suite: gateway, model, address.
        rerun: the command line that runs only this row.
    """

    name: str
    suite: str
    requirements: tuple[str, ...]
    kinds: tuple[str, ...]
    tags: tuple[str, ...]
    known_as: str
    status: str
    message: str
    started: str
    elapsed_s: float
    environment: dict[str, str]
    rerun: str


@dataclass(slots=True)
class GatewayFacts:
    """Facts about the gateway, learnt from a run's exchanges.

    Attributes:
        models: all models that answered, in the order of their first answer.
        health: fields of the last health answer: service, version, instance.
    """

    models: dict[str, None] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python, the platform and the rows' HTTP libraries."""
    known = {"python": platform.python_version(), "platform": platform.platform()}
    for name in LIBRARIES:
        try:
            known[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return known


def begin_run(output_dir: Path) -> None:
    """Create the folders of evidence and of workings, and mark them as a run's; workings of others are not marked."""
    evidence, work = output_dir / EVIDENCE_FOLDER, output_dir / WORK_FOLDER
    evidence.mkdir(parents=True, exist_ok=True)
    work.mkdir(exist_ok=True)
    marked = [evidence, *(() if any(work.iterdir()) else (work,))]
    for folder in marked:
        write_json(folder / RUN_FILE, {"versions": versions()}, bytes)


def end_run(file: Path, environment: dict[str, str], gateway: GatewayFacts) -> None:
    """Write the facts about the whole run into a file, such as `evidence/run.json`."""
    models = list(gateway.models)
    facts = {"versions": versions(), "environment": environment, "models": models, "gateway": gateway.health}
    write_json(file, facts, SECRETS.redact)


def write_row(
    folder: Path,
    facts: RowFacts,
    *,
    proves: Sequence[Requirement],
    log: str | None,
    collector: Collector,
    gateway: GatewayFacts,
    workings: Workings,
) -> None:
    """Write a row's evidence.

    Args:
        folder: the row's folder; it already holds the files that the row itself saved.
        facts: facts about the row.
        proves: the requirements that it proves.
        log: the link to the row in Robot's log, relative to the folder; None if there is no log.
        collector: its exchanges, and the secrets that no file may contain.
        gateway: updated with facts from the exchanges.
        workings: the files that it worked with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = sorted(path for path in folder.iterdir() if path.is_file())
    written = write_exchanges(folder, collector.numbered(), collector.secrets)
    parameters = [_parameters(one, gateway) for one in written]
    row = {
        **asdict(facts),
        "parameters": [value for place, value in enumerate(parameters) if value and value not in parameters[:place]],
        "gateway": gateway.health,
        "versions": versions(),
        "exchanges": collector.count,
        "exchanges_kept": len(written),
        "saved": [path.name for path in saved],
    }
    write_json(folder / FACTS, row, collector.secrets.redact)
    extra: list[Path] = []
    if facts.status == "FAIL":
        extra = _write_bundle(folder, facts, collector, written, workings)
    bundle = [path.name for path in extra]
    page = render(
        "row.html", row=row, written=written, bundle=bundle, proves=proves, log=log, workings=workings.links(folder)
    )
    (folder / PAGE).write_bytes(collector.secrets.redact(page.encode("utf-8", "backslashreplace"), b"&lt;secret&gt;"))
    if facts.status == "FAIL":
        write_manifest(folder)


def _write_bundle(
    folder: Path, facts: RowFacts, collector: Collector, written: list[WrittenExchange], workings: Workings
) -> list[Path]:
    redact = collector.secrets.redact
    script = write_curl_script(folder, written, redact)
    readme = write_readme(folder, row=facts.name, message=facts.message, command=facts.rerun, redact=redact)
    tails = [write_log_tail(folder / name, log, start, redact) for name, log, start in workings.grown_logs()]
    return [path for path in (readme, script, *tails) if path]


def _parameters(written: WrittenExchange, gateway: GatewayFacts) -> dict[str, Any]:
    """The parameters of a request; also records the model and the gateway that answered."""
    exchange = written.exchange
    if model := exchange.response_headers.get("x-gateway-model"):
        gateway.models[model] = None
    answer = _object(exchange.body) if exchange.url.endswith("/health") else {}
    if "version" in answer:
        gateway.health = {name: str(answer[name]) for name in ("service", "version", "instance") if name in answer}
    # The stored body has no secrets, so that shortening cannot cut one in two.
    request = _object((written.request.text or "").encode() if written.request else b"")
    return {_short(name): _short(value) for name, value in request.items() if name != CONVERSATION}


def _short(value: Any) -> Any:
    """A small value unchanged; the beginning of a longer value's JSON."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply to show"
    return value if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
