"""Which gateway the rows speak to: the one place that reads `${GATEWAY_URL}`, `${GATEWAY_API_KEY}` and `${MODEL}`."""

from __future__ import annotations

from dataclasses import dataclass, field

from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.client import ChatClient
from keywords.engine.evidence import COLLECTOR

TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Target:
    """The gateway under test.

    Attributes:
        url: its address, without the closing `/v1`.
        api_key: None for a gateway without keys.
        model: the model id that rows use when they name none.
    """

    url: str
    api_key: str | None = field(repr=False)
    model: str


_clients: dict[tuple[str, str | None, str], ChatClient] = {}


def client() -> ChatClient:
    """The client for the gateway under test; the same one as long as the three variables stay the same.

    Every exchange goes to the evidence of the running row.

    Raises:
        ValueError: `${GATEWAY_URL}` is not set, or `${MODEL}` is empty and the gateway lists no model.
        TypeError: `${GATEWAY_API_KEY}` is not a Secret.
        NoUsableAnswer: `${MODEL}` is empty and the gateway does not answer properly with its models.
    """
    url, api_key, model = _url(), _api_key(), _variable("MODEL")
    key = (url, api_key, str(model or ""))
    if key not in _clients:
        if api_key is not None:
            COLLECTOR.protect(api_key)
        new = ChatClient(url, api_key=api_key, model=key[2], observe=COLLECTOR.add, timeout_s=TIMEOUT_S)
        if not new.model:
            models = new.models()
            if not models:
                raise ValueError(f"{url} lists no model; name one with -v MODEL:id")
            new.model = models[0]["id"]
        _clients[key] = new
    return _clients[key]


def target() -> Target:
    """Address, key and model of the gateway under test; raises what `client` raises."""
    current = client()
    return Target(current.base_url, _api_key(), current.model)


def _variable(name: str) -> object:
    return BuiltIn().get_variable_value(f"${{{name}}}")


def _url() -> str:
    url = _variable("GATEWAY_URL")
    if not url:
        raise ValueError("${GATEWAY_URL} is not set: start a gateway first, or give -v GATEWAY_URL:http://host:port")
    return str(url)


def _api_key() -> str | None:
    key = _variable("GATEWAY_API_KEY")
    if not key:
        return None
    if not isinstance(key, Secret):
        raise TypeError(
            "${GATEWAY_API_KEY} must be a Secret, so that no log shows it: "
            'give it as -v "GATEWAY_API_KEY: Secret:<the key>", or as ${GATEWAY_API_KEY: Secret} in a variables section'
        )
    return key.value or None
