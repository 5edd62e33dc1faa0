"""The run context: the server that the rows of a run speak to, and the gateways that the run started."""

import functools
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from robot.api import logger
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.http.probe import probe
from keywords.engine.processes.gateway import GatewayProcess, GatewayProcessError
from keywords.engine.processes.gateway_command import run_command
from keywords.engine.redaction.addresses import without_credentials
from keywords.engine.redaction.forms import SHORTEST
from keywords.engine.redaction.secrets import LONGEST, SECRETS

_ROUTING = ("GATEWAY_BACKENDS", "GATEWAY_MODELS")
_EMBEDDED_ROUTE = re.compile(r"  -> .* \(llamacpp: ")
"""A model of `gateway config check` with a route to an embedded model: `  m  ->  embedded (llamacpp: m)`."""


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
        config: its configuration file; None if it was started without one.
        variables: environment variables that override those of the run.
        started_in: the row or suite whose end stops it; empty outside a run of Robot.
    """

    url: str
    pid: int
    instance: str
    log: Path
    api_key: Secret
    process: GatewayProcess = field(repr=False, compare=False)
    config: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    started_in: str = field(default="", repr=False, compare=False)

    @property
    def routes_to_embedded_model(self) -> bool:
        """Whether its configuration routes to the embedded model, even if the model's process is gone.

        The built-in configuration does. Any other one is shown by `gateway config check`, once; a configuration that
        this command refuses counts as one that does, so that rows find the fault.
        """
        names = {name.upper() for name in {**os.environ, **self.variables}}
        is_built_in = self.config is None and not (self.log.parent / "gateway.toml").exists()
        if is_built_in and not any(name.startswith(_ROUTING) for name in names):
            return True
        return _shows_embedded_route(self.config, tuple(self.variables.items()), self.log.parent)


@dataclass(frozen=True, slots=True)
class Target:
    """The server that the rows of this run speak to.

    Attributes:
        url: address without a path; with user and password, if the server wants them.
        api_key: key to use; None if none is known.
        model: the model of rows that name none: the run's `MODEL`, else the first one listed.
        models: all listed model ids.
        is_our_gateway: whether it is this project's gateway, started by this run or not.
        enforces_keys: whether it refuses a wrong key; always true for a gateway that this run started, and for a
            server that a key was given for.
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

    @property
    def address(self) -> str:
        """The address without user and password, to be shown."""
        return without_credentials(self.url)


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


@functools.cache
def _shows_embedded_route(config: Path | None, variables: tuple[tuple[str, str], ...], cwd: Path) -> bool:
    file = [str(config.resolve())] if config else []
    try:
        check = run_command("config", "check", *file, cwd=cwd, environment=dict(variables), warm=True)
    except subprocess.TimeoutExpired:
        return True
    logger.info(f"Configuration: {check.stdout}{check.stderr}")
    return check.rc != 0 or _EMBEDDED_ROUTE.search(check.stdout) is not None


def probe_target(url: str, api_key: Secret | None, gateway: Gateway | None, model: str = "") -> Target:
    """Probe the server at a URL, without spending a token. An empty key counts as none, an empty model as no choice.

    A gateway that this run started counts as ours, and as one with a key, whatever it answers: rows that depend on
    either run, and fail on what it lacks. Another server is known by its answers, but one that a key was given for
    counts as one with a key: that it accepts every other key too must be found.

    Raises:
        ProbeError: no usable server answers, or it does not serve the model.
    """
    key = api_key.value if api_key is not None else ""
    SECRETS.protect_address(url)
    if not SECRETS.protect(key) and key:
        logger.warn(
            f"GATEWAY_API_KEY has {len(key)} characters. Reports may show it: {SHORTEST} to {LONGEST} are found."
        )
    facts = probe(url, key or None, model=model)
    logger.info(f"Target: {facts}")
    started_here = gateway is not None
    return Target(
        url=facts.url,
        api_key=api_key if key else None,
        model=model or facts.models[0],
        models=facts.models or (model,),
        is_our_gateway=started_here or facts.is_our_gateway,
        enforces_keys=started_here or bool(key) or facts.enforces_keys,
        gateway=gateway,
        version=facts.version,
    )
