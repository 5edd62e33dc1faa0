"""Conformance of answers to OpenAI's API specification: one sentence for each defect.

Source: openai-openapi, schemas `CreateChatCompletionResponse`, `CreateChatCompletionStreamResponse`, `ErrorResponse`,
`ListModelsResponse`. Fields beyond the specification are no defect.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from keywords.engine.http.exchange import parse_json
from keywords.engine.openai.answer import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from keywords.engine.http.exchange import Exchange
    from keywords.engine.openai.stream import StreamedAnswer

FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_TRACES = ("Traceback (most recent call last)", 'File "/', "site-packages")
_MILLISECONDS = 10**11
"""More seconds since 1970 than any server of today may give."""


def completion_defects(body: object) -> list[str]:
    """Defects of a chat completion object."""
    if not isinstance(body, dict):
        return [f"the body must be an object, it is {_kind(body)}"]
    defects = envelope_defects(body, "chat.completion")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        defects.append("choices must be an array with at least one choice")
    else:
        for position, choice in enumerate(choices):
            defects += [f"choices[{position}]{defect}" for defect in _choice_defects(choice, position)]
    return defects + usage_defects(body.get("usage"))


def usage_defects(usage: object) -> list[str]:
    """Defects of a `usage` object: three counts that add up."""
    if not isinstance(usage, dict):
        return [f"usage must be an object, it is {_kind(usage)}"]
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    defects = [f"usage.{name} must be an integer from 0 up" for name in names if not _is_count(usage.get(name))]
    if defects:
        return defects
    prompt, completion, total = (usage[name] for name in names)
    if prompt + completion != total:
        return [f"usage does not add up: {prompt} + {completion} is not {total}"]
    return []


def error_defects(exchange: Exchange) -> list[str]:
    """Defects of an error answer: status, content type, body, and traces of the program's insides."""
    defects = []
    if exchange.status is None:
        return [f"no answer came: {exchange.failure}"]
    if exchange.status < HTTPStatus.BAD_REQUEST:
        defects.append(f"the status must be 400 or more, it is {exchange.status}")
    if exchange.failure is not None:
        defects.append(f"the answer broke off: {exchange.failure}")
    if _media_type(exchange) != "application/json":
        defects.append(f"the content type must be application/json, it is {_media_type(exchange)!r}")
    try:
        body = exchange.json()
    except ValueError:
        return [*defects, f"the body is not JSON: {shown(exchange.body)}"]
    return defects + error_object_defects(body)


def error_object_defects(body: object) -> list[str]:
    """Defects of an error body, which may also be an event of a stream."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return [f"the body must be an object with the object `error`, it is {_kind(body)} and `error` {_kind(error)}"]
    defects = [f"error.{name} is missing" for name in ("message", "type", "param", "code") if name not in error]
    defects += [
        f"error.{name} must be a text that says something, it is {error[name]!r}"
        for name in ("message", "type")
        if name in error and not (isinstance(error[name], str) and error[name].strip())
    ]
    defects += [
        f"error.{name} must be a text or null, it is {error[name]!r}"
        for name in ("param", "code")
        if not isinstance(error.get(name), str | None)
    ]
    if any(trace in str(error.get("message")) for trace in _TRACES):
        defects.append("error.message shows the inside of the program (a traceback or a file of it)")
    return defects


def model_list_defects(body: object) -> list[str]:
    """Defects of the answer to `GET /v1/models`."""
    if not isinstance(body, dict):
        return [f"the body must be an object, it is {_kind(body)}"]
    defects = [] if body.get("object") == "list" else [f"object must be 'list', it is {body.get('object')!r}"]
    models = body.get("data")
    if not isinstance(models, list):
        return [*defects, f"data must be an array, it is {_kind(models)}"]
    for position, model in enumerate(models):
        defects += [f"data[{position}]: {defect}" for defect in model_defects(model)]
    ids = Counter(str(model.get("id")) for model in models if isinstance(model, dict))
    return defects + [f"the id {name!r} is listed {count} times" for name, count in ids.items() if count > 1]


def model_defects(model: object) -> list[str]:
    """Defects of one model object."""
    if not isinstance(model, dict):
        return [f"the model must be an object, it is {_kind(model)}"]
    defects = [] if model.get("object") == "model" else [f"object must be 'model', it is {model.get('object')!r}"]
    defects += [f"{name} must be a text, not empty" for name in ("id", "owned_by") if not _is_text(model.get(name))]
    return defects + created_defects(model.get("created"))


def stream_defects(stream: StreamedAnswer) -> list[str]:
    """Defects of a stream that must end normally."""
    defects = transport_defects(stream)
    if stream.error is not None:
        defects.append(f"an error event came: {stream.error}")
    ended: dict[int, str] = {}
    opened: set[int] = set()
    ids = set()
    for number, body in _bodies(stream):
        if "error" in body:
            continue
        ids.add(str(body.get("id")))
        defects += [f"event {number}: {defect}" for defect in envelope_defects(body, "chat.completion.chunk")]
        choices = body.get("choices")
        if not isinstance(choices, list):
            defects.append(f"event {number}: choices must be an array")
            continue
        for choice in choices:
            defects += [f"event {number}: {defect}" for defect in _delta_defects(choice, opened, ended)]
    if len(ids) > 1:
        defects.append(f"the id changes within the stream: {len(ids)} different ids")
    if not opened:
        defects.append("no choice came")
    defects += [f"choice {index} has no finish reason" for index in sorted(opened - ended.keys())]
    return defects + _stream_usage_defects(stream)


def broken_stream_defects(stream: StreamedAnswer) -> list[str]:
    """Defects of a stream that must report its failure: an error event, then `[DONE]`, and no finish reason."""
    defects = transport_defects(stream)
    errors = [body for _, body in _bodies(stream) if "error" in body]
    if len(errors) != 1:
        defects.append(f"there must be exactly one error event, there are {len(errors)}")
    for body in errors:
        defects += error_object_defects(body)
    if stream.finish_reasons:
        defects.append(f"a stream that broke off must not claim a finish reason, it has {stream.finish_reasons}")
    return defects


def transport_defects(stream: StreamedAnswer) -> list[str]:
    """Defects of a stream's format, whatever its events contain."""
    defects = list(stream.problems)
    if stream.failure is not None:
        defects.append(f"the connection broke off: {stream.failure}")
    if _media_type(stream.exchange) != "text/event-stream":
        defects.append(f"the content type must be text/event-stream, it is {_media_type(stream.exchange)!r}")
    dones = sum(event.is_done for event in stream.events)
    if dones != 1:
        defects.append(f"[DONE] must come exactly once, it came {dones} times")
    elif not stream.events[-1].is_done:
        defects.append("[DONE] must be the last event")
    return defects


def _bodies(stream: StreamedAnswer) -> list[tuple[int, dict[str, Any]]]:
    bodies = []
    for number, event in enumerate(stream.events, start=1):
        try:
            body = None if event.is_done else event.json()
        except ValueError:
            continue  # `stream.problems` has it
        if isinstance(body, dict) and not is_prompt_report(body):
            bodies.append((number, body))
    return bodies


def is_prompt_report(body: Mapping[str, Any]) -> bool:
    """Whether an event only says what Azure's content filter found in the prompt; it is no part of the answer.

    Source: Azure OpenAI, "Content filtering", streaming: the first event has `prompt_filter_results`, no choices, and
    neither id nor time.
    """
    return "prompt_filter_results" in body and body.get("choices") == []


def _delta_defects(choice: object, opened: set[int], ended: dict[int, str]) -> list[str]:
    if not isinstance(choice, dict) or not _is_count(choice.get("index")):
        return ["a choice must be an object with an index from 0 up"]
    index = choice["index"]
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return [f"choices of index {index}: delta must be an object"]
    defects = []
    if index in opened and delta.get("role") is not None:
        defects.append(f"choice {index}: the role comes again; it belongs into the first event of a choice only")
    if index not in opened and delta.get("role") != "assistant":
        defects.append(f"choice {index}: its first event must carry the role 'assistant', it has {delta.get('role')!r}")
    if index in ended and delta.get("content"):
        defects.append(f"choice {index}: content after its finish reason")
    opened.add(index)
    reason = choice.get("finish_reason")
    if reason is not None:
        if index in ended:
            defects.append(f"choice {index}: a second finish reason, {reason!r} after {ended[index]!r}")
        if not is_one_of(reason, FINISH_REASONS):
            defects.append(f"choice {index}: unknown finish reason {reason!r}")
        ended[index] = str(reason)
    return defects


def _stream_usage_defects(stream: StreamedAnswer) -> list[str]:
    request = parse_json(stream.exchange.request_body)
    requested = bool((request.get("stream_options") or {}).get("include_usage"))
    bodies = _bodies(stream)
    counted = [(number, body["usage"]) for number, body in bodies if body.get("choices") == [] and body.get("usage")]
    if not requested:
        return [f"event {number}: usage came without being asked for" for number, _ in counted]
    if len(counted) != 1:
        return [f"usage was asked for: one event with it and without choices must come, {len(counted)} came"]
    (number, usage) = counted[0]
    late = [] if number == bodies[-1][0] else ["the event with the usage must be the last one before [DONE]"]
    return late + usage_defects(usage)


def envelope_defects(body: dict[str, Any], kind: str) -> list[str]:
    """Defects of the fields of all completions and stream events: id, model, object and time."""
    defects = [f"{name} must be a text, not empty" for name in ("id", "model") if not _is_text(body.get(name))]
    if body.get("object") != kind:
        defects.append(f"object must be {kind!r}, it is {body.get('object')!r}")
    return defects + created_defects(body.get("created"))


def created_defects(created: object) -> list[str]:
    """Defects of a creation time, which must be in whole seconds since 1970."""
    if not isinstance(created, int) or isinstance(created, bool) or created < 0:
        return [f"created must be an integer (epoch seconds), it is {created!r}"]
    return [f"created must be in seconds, {created} is too large: milliseconds?"] if created > _MILLISECONDS else []


def is_one_of(value: object, texts: Collection[str]) -> bool:
    """Whether a value of any type is one of these texts."""
    return isinstance(value, str) and value in texts


def _choice_defects(choice: object, position: int) -> list[str]:
    if not isinstance(choice, dict):
        return [" must be an object"]
    defects = [] if choice.get("index") == position else [f".index must be {position}, it is {choice.get('index')!r}"]
    if not is_one_of(choice.get("finish_reason"), FINISH_REASONS):
        defects.append(
            f".finish_reason is {choice.get('finish_reason')!r}, not one of {', '.join(sorted(FINISH_REASONS))}"
        )
    message = choice.get("message")
    if not isinstance(message, dict):
        return [*defects, ".message must be an object"]
    if message.get("role") != "assistant":
        defects.append(f".message.role must be 'assistant', it is {message.get('role')!r}")
    if "content" not in message or not isinstance(message["content"], str | None):
        defects.append(".message.content must be there, as text or null")
    return defects


def _media_type(exchange: Exchange) -> str:
    return exchange.response_headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _kind(value: object) -> str:
    return "null or missing" if value is None else type(value).__name__
