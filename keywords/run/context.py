"""The run context: the server that the rows of a run speak to, and the gateways that the run started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from robot.api import logger
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.probe import probe
from keywords.engine.processes.gateway import GatewayProcess, GatewayProcessError

_OTHER_BACKENDS = ("GATEWAY_BACKENDS", "GATEWAY_MODELS")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that this run started.

    Attributes:
        url: address without a path.
        pid: its process id.
        instance: the random token that `/health` must show.
        log: file with its log, JSON lines.
        api_key: the only key that it accepts.
        process: the running process behind it.
        holds_model: whether its configuration routes to the embedded model.
        started_in: the row or suite whose end stops it; empty outside a run of Robot.
    """

    url: str
    pid: int
    instance: str
    log: Path
    api_key: Secret
    process: GatewayProcess = field(repr=False, compare=False)
    holds_model: bool = True
    started_in: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Target:
    """The server that the rows of this run speak to.

    Attributes:
        url: address without a path.
        api_key: key to use; None if none is known.
        model: the model of rows that name none: the first one listed.
        models: all listed model ids.
        is_our_gateway: whether it is this project's gateway, started by this run or not.
        enforces_keys: whether it refuses a wrong key; always true for a gateway that this run started.
        gateway: the gateway that this run started; None if the run is attached to another server.
        version: the version in its `/health`; empty if there is none.
    """

    url: str
    api_key: Secret | None
    model: str
    models: tuple[str, ...]
    is_our_gateway: bool
    enforces_keys: bool
    gateway: Gateway | None = None
    version: str = ""


def current_target() -> Target:
    """The target of this run, from `${TARGET}`.

    Raises:
        RuntimeError: the outermost suite provided none.
    """
    target = BuiltIn().get_variable_value("${TARGET}")
    if not isinstance(target, Target):
        raise RuntimeError("${TARGET} is not set: the outermost suite's setup must call `Provide Target`.")  # noqa: TRY004
    return target


def chosen_gateway(gateway: Gateway | None) -> Gateway:
    """The named gateway, or the one that this run started as its target.

    Raises:
        GatewayProcessError: none is named and the run attached to another server.
    """
    chosen = gateway or current_target().gateway
    if chosen is None:
        raise GatewayProcessError("This run has no gateway of its own: name one, or tag the row needs:own-gateway.")
    return chosen


def holds_embedded_model(config: Path | None, environment: Mapping[str, str]) -> bool:
    """Whether the configuration of our gateway routes to the embedded model.

    Args:
        config: its configuration file; None for the built-in one, which routes to that model.
        environment: its variables; some override the backends and models of the file. `GATEWAY_MODEL` only
            names other weights.
    """
    return config is None and not any(name.upper().startswith(_OTHER_BACKENDS) for name in environment)


def output_dir() -> Path:
    """The output directory of this run."""
    return Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}")))


def probe_target(url: str, api_key: Secret | None, gateway: Gateway | None) -> Target:
    """Probe the server at a URL, without spending a token. An empty key counts as none.

    A gateway that this run started counts as ours, and as one with a key, whatever it answers: rows that depend on
    either run, and fail on what it lacks. Another server is known by its answers only.

    Raises:
        ProbeError: no usable server answers.
    """
    key = api_key.value if api_key is not None else ""
    COLLECTOR.protect(key)
    facts = probe(url, key or None)
    logger.info(f"Target: {facts}")
    started_here = gateway is not None
    return Target(
        url=facts.url,
        api_key=api_key if key else None,
        model=facts.models[0],
        models=facts.models,
        is_our_gateway=started_here or facts.is_our_gateway,
        enforces_keys=started_here or facts.enforces_keys,
        gateway=gateway,
        version=facts.version,
    )
