"""Keys that are nearly right, and what answers say of keys and of the inside."""

from __future__ import annotations

import json
import re
import secrets
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote, urlsplit

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.http.exchange import Exchange
from keywords.engine.http.insides import revealed_insides
from keywords.engine.http.probe import LOOPBACK
from keywords.engine.openai.client import CHAT, JSON
from keywords.run import target

Guess = Literal["wrong", "beginning", "longer", "other case", "empty", "none", "in the address"]
Operation = Literal["chat", "completions", "embeddings", "models", "model"]
_WINDOW = 8
_PREFIX = re.compile(r"^[a-z]{1,8}[-_](?:[a-z]{1,8}[-_])?")
"""The public beginning of many keys, such as `sk-proj-`."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class KeyGuessesLibrary:
    """Ask with keys that are not the key, and search answers for keys and insides.

    ```robotframework
    ${exchange} =    Ask With Guess    longer    models
    Guess Should Be Refused    ${exchange}
    ```
    """

    @keyword
    def ask_with_guess(self, guess: Guess, operation: Operation = "chat") -> Exchange:
        """Send a request that the right key would get an answer to, with another key.

        Args:
            guess: `wrong` for a random key; `beginning`, `longer` and `other case` change the right key; `empty` sends
                `Bearer` alone; `none` sends nothing; `in the address` gives the right key in the query only.
            operation: what is asked for.

        Raises:
            SkipExecution: the guess would be the right key.
            ValueError: it would show the right key to another machine's log.

        ```robotframework
        ${exchange} =    Ask With Guess    beginning
        ```
        """
        client = target.client()
        method, path, body = _request(operation, client.model)
        right = target.api_key() or ""
        if guess == "in the address":
            if urlsplit(client.base_url).hostname not in LOOPBACK:
                raise ValueError("a key in an address would stand in the logs of another machine: ask a server here")
            path = f"{path}?api_key={quote(right)}&key={quote(right)}&access_token={quote(right)}"
        headers = [*JSON.items(), *_authorization(guess, right)]
        exchange = client.send(method, path, body=body, headers=headers, anonymous=guess in {"none", "in the address"})
        exchange.url = exchange.url.partition("?")[0]
        logger.info(f"{method} {exchange.url} with the guess '{guess}': {exchange.status or exchange.failure}")
        return exchange

    @keyword
    def guess_should_be_refused(self, exchange: Exchange) -> None:
        """Verify a 4xx status; 501 counts too, for a server without such an address.

        Raises:
            AssertionError: there was no answer, or another one.

        ```robotframework
        ${exchange} =    Ask With Guess    empty
        Guess Should Be Refused    ${exchange}
        ```
        """
        status = exchange.status
        if status is None or not _is_refusal(status):
            got = f"it failed: {exchange.failure}" if status is None else f"it was answered with {status}"
            raise AssertionError(
                f"{exchange.method} {exchange.url} without the right key should be refused with 4xx, but {got}. "
                "Before a server without keys, unset GATEWAY_API_KEY"
            )

    @keyword
    def refuse_random_key(self) -> tuple[Exchange, str]:
        """Ask with a new random key.

        Returns:
            The exchange, and the key.

        ```robotframework
        ${exchange}    ${key} =    Refuse Random Key
        Answers Should Not Show Key    ${key}    ${exchange}
        ```
        """
        key = secrets.token_hex(20)
        client = target.client()
        method, path, body = _request("chat", client.model)
        return client.send(method, path, body=body, headers={**JSON, "authorization": f"Bearer {key}"}), key

    @keyword
    def send_bad_requests(self) -> list[Exchange]:
        """Send one request each with the right key that is wrong in body, field, model, method, address or type.

        ```robotframework
        ${refusals} =    Send Bad Requests
        Answers Should Show No Insides    @{refusals}
        ```
        """
        client = target.client()
        known = {"model": client.model, "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 1}
        bodies: list[object] = [
            {},
            {**known, "messages": "Hi."},
            {**known, "model": "no-such-model"},
            {**known, "temperature": "hot"},
            {**known, "max_tokens": -1},
            {**known, "tools": [{"type": "function"}]},
            [known],
        ]
        exchanges = [client.send("POST", CHAT, body=json.dumps(body).encode(), headers=JSON) for body in bodies]
        exchanges.append(client.send("POST", CHAT, body=b'{"model": ', headers=JSON))
        exchanges.append(client.send("POST", CHAT, body=b"\xff\xfe", headers={"content-type": "text/plain"}))
        exchanges += [client.send(method, path) for method, path in (("GET", "/v1/no-such-address"), ("DELETE", CHAT))]
        return exchanges

    @keyword
    def answers_should_not_show_key(self, key: str | None, *exchanges: Exchange) -> None:
        """Verify that no answer holds eight successive characters of a key, in its headers or its body.

        Args:
            key: `${None}` for the right key.
            exchanges: the answers.

        Raises:
            AssertionError: an answer shows a part of the key; the message names the answer only.
            SkipExecution: the right key is too short to be told from ordinary text.

        ```robotframework
        ${exchange}    ${key} =    Refuse Random Key
        Answers Should Not Show Key    ${key}    ${exchange}
        ```
        """
        secret = _PREFIX.sub("", target.api_key() or "") if key is None else key
        if len(secret) < _WINDOW:
            raise SkipExecution(f"The key has fewer than {_WINDOW} characters of its own: use a longer one.")
        parts = {secret[start : start + _WINDOW] for start in range(len(secret) - _WINDOW + 1)}
        for exchange in exchanges:
            headers = "\n".join(f"{name}: {value}" for name, value in exchange.response_headers.items())
            places = {"headers": headers, "body": exchange.body.decode(errors="replace")}
            for place, text in places.items():
                if shown := sum(part in text for part in parts):
                    raise AssertionError(
                        f"The {place} of the answer {exchange.status} to {exchange.method} {exchange.url} should not "
                        f"repeat the key, but hold {shown + _WINDOW - 1} of its {len(secret)} characters in succession"
                    )

    @keyword
    def answers_should_show_no_insides(self, *exchanges: Exchange) -> None:
        """Verify that no answer shows a traceback, a path, a place in source code or another process's address.

        Raises:
            AssertionError: with the first such answer.

        ```robotframework
        ${refusals} =    Send Bad Requests
        Answers Should Show No Insides    @{refusals}
        ```
        """
        url = target.client().base_url
        for exchange in exchanges:
            if found := revealed_insides(exchange.body.decode(errors="replace"), url):
                raise AssertionError(
                    f"The answer {exchange.status} to {exchange.method} {exchange.url} should reveal nothing of the "
                    f"inside, but shows {'; '.join(found)}"
                )


def _request(operation: Operation, model: str) -> tuple[str, str, bytes | None]:
    if operation == "models":
        return "GET", "/v1/models", None
    if operation == "model":
        return "GET", f"/v1/models/{quote(model, safe='')}", None
    bodies: dict[str, tuple[str, dict[str, object]]] = {
        "chat": (CHAT, {"messages": [{"role": "user", "content": "Hi."}], "max_tokens": 1}),
        "completions": ("/v1/completions", {"prompt": "Hi.", "max_tokens": 1}),
        "embeddings": ("/v1/embeddings", {"input": "Hi."}),
    }
    path, fields = bodies[operation]
    return "POST", path, json.dumps({"model": model, **fields}).encode()


def _authorization(guess: Guess, right: str) -> list[tuple[str, str]]:
    if guess in {"none", "in the address"}:
        return []
    changed = {
        "wrong": secrets.token_hex(20),
        "beginning": right[:-1],
        "longer": f"{right}x",
        "other case": right.swapcase(),
        "empty": "",
    }[guess]
    if right and changed == right:
        raise SkipExecution("The key has no letter, so that it has no other case.")
    return [("authorization", f"Bearer {changed}".rstrip())]


def _is_refusal(status: int) -> bool:
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error or status == HTTPStatus.NOT_IMPLEMENTED
