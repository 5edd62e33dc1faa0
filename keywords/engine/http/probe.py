"""Probe of a server: whether it answers, and what it is."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import quote
from urllib.request import getproxies

import httpx2

from keywords.engine.http.exchange import parse_json
from keywords.engine.machine import Deadline
from keywords.engine.redaction.addresses import without_credentials
from keywords.engine.redaction.printable import one_line
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

OK = HTTPStatus.OK
_SERVICE = "llm-gateway"
_NO_SUCH_PATH = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
_WRONG_KEY = "wrong-key"
_PROXY = " The environment's proxy is not used: it would be measured too."
_SHOWN_MODELS = 12
_SHOWN_BYTES, _SEARCHED_BYTES = 200, 16_384
_LONGEST = 16 * 2**20
"""Bytes of an answer; the list of a provider's models has less than 1 MB."""
_LONGEST_ID, _LONGEST_VERSION = 1000, 100
"""Characters; ids are paths of files too."""
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
"""RFC 9110 5.5, a field's value; other octets mean something else to each server."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ProbeError(Exception):
    """No server answers at the address, or it is not OpenAI-compatible, or it refuses the key.

    Its message has no secrets: a server may say back what it was sent.
    """

    def __init__(self, message: str) -> None:
        super().__init__(SECRETS.clean(message))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server is, learnt without spending a token.

    Attributes:
        url: address without `/v1` and without a closing slash.
        models: ids that `/v1/models` lists.
        is_our_gateway: whether it is this project's gateway, started by this run or not.
        enforces_keys: whether it refuses a chat request with a wrong key.
        version: the version in its `/health`; empty if there is none.
    """

    url: str
    models: tuple[str, ...]
    is_our_gateway: bool
    enforces_keys: bool
    version: str = ""


def is_encrypted(url: str) -> bool:
    """Whether requests to this address need certificates: loading them takes 20 ms of CPU, more than a request."""
    return url.lower().startswith("https:")


def fetch(
    url: str, *, method: str = "GET", api_key: str | None = None, body: bytes = b"", timeout_s: float = 5.0
) -> tuple[int | None, bytes]:
    """Send one request and return status and body; without a whole answer, None and the reason.

    A server that never ends its answer is left at the limit, whatever it sends meanwhile. The environment's proxies
    (`HTTP_PROXY` and the like) are ignored, as by all that speaks to the server later; its certificates are not
    (`SSL_CERT_FILE`).
    """
    headers = {"content-type": "application/json"} if body else {}
    if api_key is not None:
        headers["authorization"] = f"Bearer {api_key}"
    straight = httpx2.HTTPTransport(verify=is_encrypted(url), trust_env=True)
    with httpx2.Client(timeout=timeout_s, trust_env=False, transport=straight) as client:
        # The client's own limit is one for each read, which a drop now and then never reaches.
        asking: Future[tuple[int | None, bytes]] = Future()
        request = partial(client.stream, method, url, content=body or None, headers=headers)
        thread = threading.Thread(target=_complete, args=(asking, request), name="fetch", daemon=True)
        thread.start()
        limit = Deadline(timeout_s)
        while thread.is_alive() and not limit.is_over():
            thread.join(max(limit.left_s(), 0.0))
        # Closing the client ends a request that is still under way.
        return asking.result() if asking.done() else (None, f"no whole answer within {limit.limit_s:.3g} s".encode())


def _shown(body: bytes) -> str:
    """The beginning of a body for a message, cut only after its secrets were taken out."""
    return repr(SECRETS.redact(body[:_SEARCHED_BYTES])[:_SHOWN_BYTES])


def _complete(asking: Future[tuple[int | None, bytes]], request: Callable[[], AbstractContextManager[Any]]) -> None:
    try:
        asking.set_result(_whole_answer(request))
    except BaseException as error:  # noqa: BLE001  # raised in the thread that asked
        asking.set_exception(error)


def _whole_answer(request: Callable[[], AbstractContextManager[Any]]) -> tuple[int | None, bytes]:
    body = bytearray()
    try:
        with request() as answer:
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LONGEST:
                    return None, f"the answer is longer than {_LONGEST} bytes".encode()
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:  # the last of a host that is none
        return None, f"{type(error).__name__}: {error}".encode()
    return answer.status_code, bytes(body)


def probe(
    url: str, api_key: str | None, *, model: str = "", timeout_s: float = 5.0, model_option: str = "-v MODEL:id"
) -> Facts:
    """Find out what answers at an address.

    Args:
        url: `http://host:port`; a closing `/v1` is cut off.
        api_key: key for the `Authorization` header; None sends none.
        model: the model that the run asks for; empty leaves the choice to the list. A server need not list every model
            that it serves: it is asked for one that it does not list, and one that lists none is believed.
        timeout_s: limit of each request, in seconds.
        model_option: how the user names a model, for the messages.

    Raises:
        ProbeError: there is no usable server; the message names the remedy.
    """
    url = url.rstrip("/").removesuffix("/v1")
    address = without_credentials(url)
    if api_key:
        SECRETS.protect(api_key)
        if not _HEADER_VALUE.fullmatch(api_key):
            raise ProbeError(
                "The key in GATEWAY_API_KEY has a character that no header holds, such as the end of a line, a space "
                "at its ends, or a letter beyond ASCII. Set it anew, without quotes and line ends."
            )
    if model and not _is_model_id(model):
        raise ProbeError(f"{model[:_LONGEST_ID]!r} cannot be the id of a model. Name one with {model_option}.")
    status, body = fetch(f"{url}/v1/models", api_key=api_key, timeout_s=timeout_s)
    if status is None:
        raise ProbeError(
            f"No server answers at {address} within {timeout_s:g} s ({body.decode()}). Start it, or correct the URL."
            f"{_PROXY if getproxies().get(url.partition(':')[0].lower()) else ''}"
        )
    if _is_refusal(status) and status not in _NO_SUCH_PATH:
        key = "no key" if api_key is None else "the given key"
        raise ProbeError(f"The server at {address} refuses {key} ({status}). Give a valid key in GATEWAY_API_KEY.")
    try:
        models = tuple(id_ for entry in parse_json(body)["data"] if _is_model_id(id_ := entry["id"]))
    except (ValueError, KeyError, TypeError):
        raise ProbeError(
            f"The server at {address} is not OpenAI-compatible: GET /v1/models gave {status} with {_shown(body)} "
            f"instead of a list of models. Correct the URL."
        ) from None
    if not models and not model:
        raise ProbeError(
            f"The server at {address} lists no model in /v1/models. "
            f"Load one, or name one with {model_option}, then run again."
        )
    if model and models and model not in models and not _serves(url, model, api_key, timeout_s):
        near = " or ".join(get_close_matches(model, models))
        raise ProbeError(
            f"The server at {address} has no model '{model}'{f' (did you mean {near}?)' if near else ''}. "
            f"Name one of these with {model_option}, or none: {_listed(models)}."
        )
    health = _health(url, timeout_s)
    return Facts(
        url=url,
        models=models,
        is_our_gateway=health.get("service") == _SERVICE,
        enforces_keys=_refuses_wrong_key(url, api_key, timeout_s),
        version=one_line(version)[:_LONGEST_VERSION] if isinstance(version := health.get("version"), str) else "",
    )


def _is_model_id(id_: object) -> TypeGuard[str]:
    """Whether somebody can read and ask for it: a text of a line, with no character that acts on a terminal."""
    return isinstance(id_, str) and bool(id_.strip()) and len(id_) <= _LONGEST_ID and one_line(id_) == id_


def _refuses_wrong_key(url: str, api_key: str | None, timeout_s: float) -> bool:
    """Whether a wrong key gets another answer than the right one: some servers refuse it with 400 or 403, not 401."""
    models, _ = fetch(f"{url}/v1/models", api_key=_WRONG_KEY, timeout_s=timeout_s)
    if _is_refusal(models):  # the right key got the list
        return True
    # Every server refuses an empty object before it costs a token; the status tells whether the key was checked.
    chat = f"{url}/v1/chat/completions"
    refusal, _ = fetch(chat, method="POST", api_key=_WRONG_KEY, body=b"{}", timeout_s=timeout_s)
    if refusal in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return True
    answer, _ = fetch(chat, method="POST", api_key=api_key, body=b"{}", timeout_s=timeout_s)
    return _is_refusal(refusal) and refusal != answer


def _serves(url: str, model: str, api_key: str | None, timeout_s: float) -> bool:
    """Whether a server knows a model that it does not list."""
    status, _ = fetch(f"{url}/v1/models/{quote(model, safe='')}", api_key=api_key, timeout_s=timeout_s)
    return status == HTTPStatus.OK


def _listed(models: tuple[str, ...]) -> str:
    more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
    return ", ".join(models[:_SHOWN_MODELS]) + more


def _is_refusal(status: int | None) -> bool:
    """Whether a status says that this request is not served to this client, now and later."""
    return (
        status is not None
        and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status not in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    )


def _health(url: str, timeout_s: float) -> dict[str, Any]:
    _, body = fetch(f"{url}/health", timeout_s=timeout_s)
    try:
        health = parse_json(body)
    except ValueError:
        return {}
    return health if isinstance(health, dict) else {}
