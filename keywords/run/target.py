"""The gateway under test: the one place that reads `${GATEWAY_URL}`, `${GATEWAY_API_KEY}` and `${MODEL}`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.patience import LONGEST_S, Patience
from keywords.engine.openai.client import ChatClient
from keywords.engine.redaction.addresses import without_credentials
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator

_clients: dict[tuple[str, str | None, str, float], ChatClient] = {}


def client() -> ChatClient:
    """The client for the gateway under test; the same one while these variables and `${PATIENCE}` stay the same.

    Every exchange goes to the evidence of the running row.

    Raises:
        ValueError: `${GATEWAY_URL}` is not set, or `${MODEL}` is empty and the gateway lists no model.
        TypeError: `${GATEWAY_API_KEY}` is not a Secret.
        NoUsableAnswer: `${MODEL}` is empty and the gateway does not answer properly with its models.
    """
    key = (_url(), api_key(), str(_variable("MODEL") or ""), patience().factor)
    if key not in _clients:
        url, key_value, model, factor = key
        if key_value is not None:
            SECRETS.protect(key_value)
        new = ChatClient(url, api_key=key_value, model=model, observe=COLLECTOR.add, patience=factor)
        if not new.model:
            models = new.models()
            if not models:
                raise ValueError(f"{without_credentials(url)} lists no model; name one with -v MODEL:id")
            new.model = models[0]["id"]
        _clients[key] = new
    return _clients[key]


@contextmanager
def unrecorded_client(model: str | None = None, timeout_s: float = LONGEST_S) -> Iterator[ChatClient]:
    """Give a separate client whose many exchanges are not kept as evidence; the model is `${MODEL}` if left out."""
    model = model or str(_variable("MODEL") or "")
    client = ChatClient(_url(), api_key=api_key(), model=model, timeout_s=timeout_s, patience=patience().factor)
    try:
        yield client
    finally:
        client.close()


def patience() -> Patience:
    """The patience of all clients with the gateway under test, by `${PATIENCE}`.

    Raises:
        ValueError: `${PATIENCE}` is no number above 0.
    """
    value = _variable("PATIENCE")
    try:
        factor = 1.0 if value is None else float(str(value))
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise ValueError(f"${{PATIENCE}} must be a number above 0, such as 3 for a slow server, not {value!r}")
    return Patience(factor=factor)


def api_key() -> str | None:
    """The key for the gateway under test, for other clients; None if there is none.

    Raises:
        TypeError: `${GATEWAY_API_KEY}` is not a Secret.
    """
    key = _variable("GATEWAY_API_KEY")
    if not key:
        return None
    if not isinstance(key, Secret):
        raise TypeError(
            "${GATEWAY_API_KEY} must be a Secret, so that no log shows it: "
            'give it as -v "GATEWAY_API_KEY: Secret:<the key>", or in a variables section as '
            "${GATEWAY_API_KEY: Secret} with the value %{NAME_OF_AN_ENVIRONMENT_VARIABLE}"
        )
    return key.value or None


def _variable(name: str) -> object:
    return BuiltIn().get_variable_value(f"${{{name}}}")


def _url() -> str:
    url = _variable("GATEWAY_URL")
    if not url:
        raise ValueError("${GATEWAY_URL} is not set: start a gateway first, or give -v GATEWAY_URL:http://host:port")
    return str(url)
