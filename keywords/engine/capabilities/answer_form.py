"""Trials of an answer's end and form. Each returns what went wrong, as a sentence; empty if all is well."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from keywords.engine.capabilities.asking import InconclusiveError, completion_tokens, finish_reason, text
from keywords.engine.http.exchange import parse_json
from keywords.engine.openai.forced_text import forced_text_defect, only_text

if TYPE_CHECKING:
    from keywords.engine.capabilities.asking import Asker

_TOKENS = 4
_ALTERNATIVES = 3
_SLACK = 0.001
"""Of a sum of probabilities that were rounded as logarithms."""
_TOKEN_CHARACTERS = 25
"""Characters of a long token; an answer that ignores its limit has hundreds."""
_LONGER_TOKENS = 24
_WORDS = ("kestrel", "marzipan")
_STORY = "Tell me a long story."
_LINES = "Count from one to ten, one number in each line."
_PLAIN = "Say hello as plain text, not as JSON."


def short_answer(ask: Asker) -> str:
    """An answer to a question about something long is short, as its limit says, whatever the server counts."""
    got, limit = len(text(ask(_STORY, max_tokens=_TOKENS))), _TOKENS * _TOKEN_CHARACTERS
    if got <= limit:
        return ""
    return f"with max_tokens={_TOKENS} an answer should have up to {limit} characters, not {got}"


def longer_answer(ask: Asker) -> str:
    """The same request with a higher limit gets a longer answer, and not that of the request before.

    Raises:
        InconclusiveError: neither answer has a text.
    """
    short, long = (text(ask(_STORY, max_tokens=tokens)) for tokens in (_TOKENS, _LONGER_TOKENS))
    if not short and not long:
        raise InconclusiveError(f"the model says nothing in {_LONGER_TOKENS} tokens")
    if len(long) > len(short):
        return ""
    return (
        f"with max_tokens={_LONGER_TOKENS} an answer should be longer than with {_TOKENS}, but after {short!r} came "
        f"{long!r}"
    )


def max_tokens(ask: Asker, name: str = "max_tokens") -> str:
    """An answer has as many tokens as its limit, and says that it was cut."""
    fields: dict[str, Any] = {"max_tokens": None, name: _TOKENS}
    answer = ask(_STORY, **fields)
    got = completion_tokens(answer), finish_reason(answer)
    if got == (_TOKENS, "length"):
        return ""
    return f"with {name}={_TOKENS} an answer should have {_TOKENS} tokens, cut by 'length', got {got[0]}, {got[1]!r}"


def stop(ask: Asker, before: tuple[str, ...] = (), *, streamed: bool = False) -> str:
    """An answer ends before a stop text, which is not part of it.

    Args:
        ask: sends the requests.
        before: stop texts before the one that occurs.
        streamed: whether to ask for a stream.
    """
    prompt = "Count from one to ten in words."
    whole = text(ask(prompt, max_tokens=12))
    word = next((word for word in whole.split() if whole.partition(word)[0].strip()), "")
    if not word:
        raise InconclusiveError(f"an answer of at least two words is needed for a stop text, got {whole!r}")
    stops = [*before, word]
    expected = whole.partition(word)[0]
    if streamed:
        stream = ask.stream(prompt, max_tokens=12, stop=stops)
        got, reason = stream.text, str(stream.finish_reason)
    else:
        answer = ask(prompt, max_tokens=12, stop=stops)
        got, reason = text(answer), str(finish_reason(answer))
    if got.rstrip() == expected.rstrip() and reason == "stop":
        return ""
    return f"with stop={stops} the answer {whole!r} should end after {expected!r} for 'stop', it is {got!r}, {reason!r}"


def choices(ask: Asker) -> str:
    """There are as many choices as asked for, with their own indexes, and one is not a copy of another."""
    answer = ask("Write random letters and digits.", n=2, temperature=2, max_tokens=16)
    indexes = [choice.get("index") for choice in answer["choices"]]
    if indexes != [0, 1]:
        return f"with n=2 choices of the indexes 0 and 1 should come, got {indexes}"
    texts = [choice["message"].get("content") for choice in answer["choices"]]
    return f"at temperature 2 two choices should differ, both say {texts[0]!r}" if texts[0] == texts[1] else ""


def json_schema(ask: Asker) -> str:
    """The answer is the only one that a schema allows; another schema gives another answer."""
    for word in _WORDS:
        answer = ask(max_tokens=48, response_format=only_text(word))
        if defect := forced_text_defect(word, text(answer)):
            return defect
    return ""


def json_object(ask: Asker) -> str:
    """The answer to a prompt that asks for plain text is a JSON object nevertheless."""
    answer = ask(_PLAIN, max_tokens=24, response_format={"type": "json_object"})
    got = text(answer)
    if not got.lstrip().startswith("{"):
        return f"with response_format json_object the answer should be a JSON object, it is {got!r}"
    if finish_reason(answer) == "length":  # a cut object is none
        return ""
    try:
        return "" if isinstance(parse_json(got), dict) else f"the answer should be a JSON object, it is {got!r}"
    except ValueError as error:
        return f"the answer should be a JSON object, {got!r} is no JSON: {error}"


def logprobs(ask: Asker) -> str:
    """Log probabilities come for each token, only when asked for, and the tokens make up the text."""
    if any(choice.get("logprobs") for choice in ask(max_tokens=1)["choices"]):
        return "log probabilities came though the request did not ask for them"
    answer = ask(_LINES, max_tokens=12, logprobs=True)
    tokens = _logprob_tokens(answer)
    # A token that ended the answer may be counted without being listed.
    counted = completion_tokens(answer)
    if len(tokens) not in (counted, counted - (finish_reason(answer) == "stop")):
        return f"log probabilities of {counted} tokens should come, got {len(tokens)}"
    joined = b"".join(_bytes(token) for token in tokens)
    if joined.strip() != text(answer).encode().strip():
        return f"the tokens of the log probabilities make {joined!r}, the text is {text(answer)!r}"
    wrong = [token.get("logprob") for token in tokens if not _is_logprob(token.get("logprob"))]
    return f"a log probability must be a number, at most 0, got {wrong}" if wrong else ""


def top_logprobs(ask: Asker) -> str:
    """Each token comes with as many alternatives as asked for, whose probabilities add up to 1 at most."""
    answer = ask(max_tokens=_TOKENS, logprobs=True, top_logprobs=_ALTERNATIVES)
    tokens = _logprob_tokens(answer)
    if not tokens:
        return "log probabilities should come, got none"
    for token in tokens:
        name = f"the token {token.get('token')!r}"
        alternatives = [other.get("logprob") for other in token.get("top_logprobs") or ()]
        if len(alternatives) != _ALTERNATIVES:
            return f"top_logprobs={_ALTERNATIVES} should come for each token, {name} has {len(alternatives)}"
        if not all(map(_is_logprob, alternatives)):
            return f"the log probabilities of {name} must be numbers, at most 0, got {alternatives}"
        total = sum(map(math.exp, alternatives))
        if total > 1 + _SLACK:
            return f"the probabilities in the place of {name} should add up to 1 at most, got {total:.3f}"
    return ""


def streamed_logprobs(ask: Asker) -> str:
    """A stream carries the log probabilities of the plain answer's tokens."""
    tokens = [token.get("token") for token in _logprob_tokens(ask(max_tokens=_TOKENS, logprobs=True))]
    stream = ask.stream(max_tokens=_TOKENS, logprobs=True)
    bodies = [json.loads(event.data) for event in stream.events if not event.is_done]
    choices = [choice for body in bodies for choice in body.get("choices") or ()]
    got = [token["token"] for choice in choices for token in (choice.get("logprobs") or {}).get("content") or ()]
    if tokens and got == tokens:
        return ""
    return f"the stream should have the log probabilities of the tokens {tokens}, got {got}"


def _logprob_tokens(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return list((answer["choices"][0].get("logprobs") or {}).get("content") or ())


def _bytes(token: dict[str, Any]) -> bytes:
    return bytes(token["bytes"]) if token.get("bytes") is not None else str(token.get("token")).encode()


def _is_logprob(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= _SLACK
