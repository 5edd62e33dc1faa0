"""The client of a load run and its machine in a report: why its numbers may be its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keywords.engine.load.report.content import ReportTable
from keywords.engine.load.report.numbers import NOTHING, number
from keywords.engine.load.share import DRAIN
from keywords.engine.load.validity import worst_percentile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keywords.engine.load.run import ClientHealth

_HEAD = (
    "client process",
    "busiest 5 s, % of a core",
    "CPU s",
    "largest memory MB",
    "event loop late ms",
    "requests sent late ms",
)
_NOT_TOLD = "not told by this system"


def clients_table(clients: Sequence[ClientHealth]) -> ReportTable:
    """The processes that sent the load."""
    return ReportTable("Client processes", _HEAD, tuple(map(_client, clients)))


def environment_table(environment: Mapping[str, Any]) -> ReportTable | None:
    """The fingerprint of a load run: the machine, its limits, its versions, its load, and the server's model.

    Args:
        environment: as stored with the run; see `Environment` and `ServedModel`.

    Returns:
        None where nothing is stored.
    """
    start = environment.get("start")
    if not start:
        return None
    rows = (*_machine(start), *_load(start, environment.get("end")), *_model(environment))
    return ReportTable("Environment", ("environment", "value"), rows)


def _client(client: ClientHealth) -> tuple[str, ...]:
    return (
        str(client.process),
        number(client.cpu_share, 100),
        number(client.cpu_s),
        number(client.max_rss_bytes, 1e-6),
        _lags({stage: lags for stage, lags in client.loop_lags_s.items() if stage != DRAIN}),
        _lags(client.send_lags_s),
    )


def _lags(by_stage: Mapping[int, Sequence[float]]) -> str:
    lags = [lag for each in by_stage.values() for lag in each]
    if not lags:
        return NOTHING
    worst, name = worst_percentile(lags)
    return f"{number(worst, 1000)} ({name})"


def _machine(start: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kinds = [name for field, name in (("virtual", "virtual machine"), ("container", "container")) if start.get(field)]
    counts = f"{_told(start.get('logical_cpus'))} CPUs, {_told(start.get('physical_cores'))} cores"
    yield "processor", ", ".join([str(start.get("cpu")), counts, *kinds])
    yield "CPU governor", ", ".join(start.get("governor") or ()) or _NOT_TOLD
    yield "SMT, boost", f"{_switch(start.get('smt'))}, {_switch(start.get('boost'))}"
    usable = start.get("usable_cpus")
    yield "affinity", _NOT_TOLD if usable is None else f"CPUs {', '.join(map(str, usable))}"
    cpus = start.get("cpu_limit")
    yield "container's limits", f"{'no limit of CPUs' if cpus is None else f'{number(cpus)} CPUs'}, {_memory(start)}"
    yield "open files", str(_told(start.get("open_files")))
    yield "system", str(start.get("system"))
    packages = (f"{name} {version}" for name, version in (start.get("packages") or {}).items())
    yield "versions", ", ".join([str(start.get("python")), *packages])


def _load(start: Mapping[str, Any], end: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    after = f"{end['load']:.2f} at its end" if end else "its end is not known"
    yield "load, last minute's mean", f"{start['load']:.2f} at the start of the run, {after}"
    stolen = start.get("stolen_s")
    if stolen is not None and end and end.get("stolen_s") is not None:
        yield "stolen by other machines", f"{number(end['stolen_s'] - stolen)} s of processor time"


def _model(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    model = environment.get("model")
    if not model:
        return
    yield "model's digest", _told_by_server(model.get("digest"))
    if model.get("weights"):
        yield "model's weights", str(model["weights"])
    if facts := model.get("facts"):
        yield "model's facts", ", ".join(f"{name} {number(value)}" for name, value in facts.items())
    yield "server's version", _told_by_server(model.get("server"))
    if (later := environment.get("model_at_end")) and later != model:
        yield (
            "CHANGED at the end",
            ", ".join(f"{name} {later[name]}" for name in later if later[name] != model.get(name)),
        )


def _memory(start: Mapping[str, Any]) -> str:
    limit, machine = start.get("memory_limit_bytes"), f"{number(start.get('memory_bytes'), 1e-9)} GB"
    return f"no limit of memory, which is {machine}" if limit is None else f"{number(limit, 1e-9)} of {machine}"


def _switch(value: bool | None) -> str:  # noqa: FBT001  # a reading, no option
    return {True: "on", False: "off", None: _NOT_TOLD}[value]


def _told(value: object) -> object:
    return _NOT_TOLD if value is None else value


def _told_by_server(value: str | None) -> str:
    return value or "not told by the server"
