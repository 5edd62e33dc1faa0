"""Text completions: requests, and conformance of their answers to OpenAI's specification.

Source: openai-openapi, schema `CreateCompletionResponse`; the events of a stream have the same shape.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.openai.answer import Answer, raise_unless_ok, read_answer
from keywords.engine.openai.conformance import envelope_defects, is_one_of, transport_defects, usage_defects
from keywords.engine.openai.stream import StreamAssembly, StreamedAnswer

if TYPE_CHECKING:
    from keywords.engine.http.sse import SseEvent
    from keywords.engine.openai.client import ChatClient

COMPLETIONS = "/v1/completions"
FINISH_REASONS = frozenset({"stop", "length", "content_filter"})
_JSON = {"content-type": "application/json"}

Prompt = str | list[str] | list[int] | list[list[int]]


def request(client: ChatClient, prompt: Prompt, **params: Any) -> bytes:
    """The body of a request; fields that are None are left out."""
    fields = {name: value for name, value in params.items() if value is not None}
    return json.dumps({"model": client.model, "prompt": prompt, **fields}).encode()


def complete(client: ChatClient, prompt: Prompt, **params: Any) -> Answer:
    """Request a text completion without a stream.

    Raises:
        NoUsableAnswer: see `ChatClient.ask`.
    """
    body = request(client, prompt, **params)
    return read_answer(client.send("POST", COMPLETIONS, body=body, headers=_JSON), "a text completion")


def stream(client: ChatClient, prompt: Prompt, *, include_usage: bool = False, **params: Any) -> StreamedAnswer:
    """Request a stream and read it to its end; a stream that breaks off is returned with its `failure`.

    Raises:
        GatewayRefused: the gateway answered with an error status.
        AnswerBrokeOff: no status came.
    """
    options = {"include_usage": True} if include_usage else None
    body = request(client, prompt, stream=True, stream_options=options, **params)
    exchange = client.send("POST", COMPLETIONS, body=body, headers={**_JSON, "connection": "close"})
    raise_unless_ok(exchange)
    assembly = StreamAssembly()
    for chunk in exchange.chunks:
        assembly.feed(chunk)
    return assembly.answer(exchange)


def completion_defects(body: object, choices: int) -> list[str]:
    """Defects of a text completion that must have `choices` choices."""
    if not isinstance(body, dict):
        return [f"the body must be an object, it is {type(body).__name__}"]
    defects = envelope_defects(body, "text_completion")
    actual = body.get("choices")
    if not isinstance(actual, list) or len(actual) != choices:
        return [*defects, f"choices must be an array of {choices}, it is {actual!r}"]
    for position, choice in enumerate(actual):
        choice_defects = _choice_defects(choice)
        if not choice_defects and choice["index"] != position:
            choice_defects = [f"index must be {position}, it is {choice['index']}"]
        if not choice_defects and not is_one_of(choice["finish_reason"], FINISH_REASONS):
            choice_defects = [
                f"finish_reason is {choice['finish_reason']!r}, not one of {', '.join(sorted(FINISH_REASONS))}"
            ]
        defects += [f"choices[{position}]: {defect}" for defect in choice_defects]
    return defects + usage_defects(body.get("usage"))


def stream_defects(streamed: StreamedAnswer, choices: int) -> list[str]:
    """Defects of a stream that must end normally with `choices` choices."""
    defects = transport_defects(streamed)
    if streamed.error is not None:
        defects.append(f"an error event came: {streamed.error}")
    ended: list[int] = []
    bodies = [(number, body) for number, event in enumerate(streamed.events, start=1) if (body := _body(event))]
    for number, body in bodies:
        defects += [f"event {number}: {defect}" for defect in _event_defects(body, ended)]
    if sorted(ended) != list(range(choices)):
        defects.append(f"each of {choices} choices must have one finish reason; those that came are of {sorted(ended)}")
    requested = b'"include_usage": true' in streamed.exchange.request_body
    counts = sum(not body.get("choices") for _, body in bodies)
    if counts != requested:
        defects.append(f"{counts} events with the usage came, and it was {'' if requested else 'not '}asked for")
    return defects


def _event_defects(body: dict[str, Any], ended: list[int]) -> list[str]:
    """Defects of one event; adds the indexes of choices that it ends to `ended`."""
    defects = envelope_defects(body, "text_completion")
    choices = body.get("choices")
    if not choices:
        return defects + usage_defects(body.get("usage"))
    if not isinstance(choices, list):
        return [*defects, f"choices must be an array, it is {choices!r}"]
    if body.get("usage"):
        defects.append("usage stands beside choices; it belongs into an event of its own")
    for choice in choices:
        choice_defects = _choice_defects(choice)
        if not choice_defects and choice["text"] and choice["index"] in ended:
            choice_defects = [f"choice {choice['index']} has text after its finish reason"]
        elif not choice_defects and choice["finish_reason"]:
            ended.append(choice["index"])
        defects += choice_defects
    return defects


def _body(event: SseEvent) -> dict[str, Any] | None:
    """The object of an event; None for `[DONE]`, an error, or data that is no JSON (`problems` has it)."""
    try:
        body = None if event.is_done else event.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and "error" not in body else None


def _choice_defects(choice: object) -> list[str]:
    if not isinstance(choice, dict):
        return ["a choice must be an object"]
    defects = [] if isinstance(choice.get("text"), str) else [f"text must be a text, it is {choice.get('text')!r}"]
    if type(choice.get("index")) is not int:
        defects.append(f"index must be an integer, it is {choice.get('index')!r}")
    defects += [f"{name} is missing" for name in ("finish_reason", "logprobs") if name not in choice]
    return defects
