"""Capabilities of a model, seen in its answers, since no record shows what reached it.

The answers are short, and greedy unless the sampling is on trial. Each trial compares answers with and without the
capability, or with one that the request decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from keywords.engine.capabilities import answer_form, conversation, sampling, tools
from keywords.engine.capabilities.asking import Asker, InconclusiveError, NotTakenError
from keywords.engine.capabilities.backends import CAPABILITIES, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.openai.client import ChatClient


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What happens to a capability in requests to a model.

    Attributes:
        outcome: `taken`: it shows in the answer. `dropped`: the answer names it in `x-gateway-dropped-params`.
            `refused`: the request was refused for it. `lost`: it does not show, and the answer does not say so.
        detail: the server's statement, or what does not show; empty for `taken`.
    """

    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Trial:
    """A trial, its parameters and its control.

    Attributes:
        params: the parameter that the server may name as dropped, and others that a refusal may name; with commas.
            Empty for a conversation of plain text, which no chat server may decline.
        verify: returns what went wrong, as a sentence; empty if all is well.
        compares_greedy: whether it compares greedy answers, so that it means nothing where they are not the same.
    """

    params: str
    verify: Callable[[Asker], str]
    compares_greedy: bool = False


def try_capability(client: ChatClient, capability: str) -> TrialResult:
    """Try a capability with a model.

    Args:
        client: the model's client.
        capability: a name in `TRIALS`.

    Raises:
        KeyError: there is no such trial.
        ValueError: the refusal is of another field.
        InconclusiveError: the model's own words leave the question open.
        NoUsableAnswer: a request failed.
    """
    trial = TRIALS[capability]
    ask = Asker(client, *filter(None, trial.params.split(",")))
    try:
        defect = trial.verify(ask)
        if defect and trial.compares_greedy and not sampling.is_repeatable(ask):
            raise InconclusiveError(f"the same request at temperature 0 gets different answers; besides, {defect}")
    except NotTakenError as statement:
        return TrialResult(statement.outcome, str(statement))
    return TrialResult("lost", defect) if defect else TrialResult("taken")


def _of_table(name: str, verify: Callable[..., str]) -> _Trial:
    """A trial of a capability in the table of the kinds of backends, with its fields."""
    return _Trial(CAPABILITIES[name].param, partial(verify, **CAPABILITIES[name].fields))


TRIALS: dict[str, _Trial] = {
    "a short answer": _Trial("max_tokens", answer_form.short_answer),
    "a longer answer": _Trial("max_tokens", answer_form.longer_answer),
    "max_tokens": _Trial("max_tokens", answer_form.max_tokens),
    "max_completion_tokens": _Trial(
        "max_completion_tokens", partial(answer_form.max_tokens, name="max_completion_tokens")
    ),
    "stop": _Trial("stop", answer_form.stop, compares_greedy=True),
    "a list of stops": _Trial("stop", partial(answer_form.stop, before=("never said",)), compares_greedy=True),
    "stop in a stream": _Trial("stop", partial(answer_form.stop, streamed=True), compares_greedy=True),
    "n>1": _Trial("n", answer_form.choices),
    "json_schema": _Trial("response_format", answer_form.json_schema),
    "json_object": _Trial("response_format", answer_form.json_object),
    "logprobs": _Trial("logprobs", answer_form.logprobs),
    "top_logprobs": _Trial("top_logprobs", answer_form.top_logprobs),
    "logprobs in a stream": _Trial("logprobs", answer_form.streamed_logprobs, compares_greedy=True),
    "temperature": _Trial("temperature", sampling.temperature),
    "top_p": _Trial("top_p", sampling.top_p),
    "seed": _Trial("seed", sampling.seed),
    "sampling in a stream": _Trial("seed", sampling.streamed_sampling),
    "presence_penalty": _Trial("presence_penalty", sampling.presence_penalty),
    "frequency_penalty": _Trial("frequency_penalty", sampling.frequency_penalty),
    "logit_bias": _Trial("logit_bias", sampling.logit_bias),
    # A server that drops the label, and says so, changes nothing by it either.
    "a user's label": _Trial("messages,user", sampling.user_label, compares_greedy=True),
    "a system message": _Trial("messages", conversation.system_message),
    "each turn": _Trial("messages", conversation.turns),
    "the last question": _Trial("", conversation.last_question),
    "a long prompt": _Trial("", conversation.long_prompt),
    "text parts": _Trial("messages", conversation.text_parts, compares_greedy=True),
    "foreign characters": _Trial("", conversation.foreign_characters),
    "escaped characters": _Trial("", conversation.escaped_characters, compares_greedy=True),
    "composed characters": _Trial("", conversation.composed_characters),
    "white space": _Trial("", conversation.white_space),
    "control characters": _Trial("messages", conversation.control_characters),
    "tools": _Trial("tools", tools.offered_tools),
    "a forced tool": _Trial("tool_choice,tools", tools.forced_tool),
    "a forced tool in a stream": _Trial("tool_choice,tools", tools.streamed_forced_tool),
    "no tool": _Trial("tools,tool_choice", tools.no_tool),
    "a tool's result": _Trial("messages", tools.tool_result),
    "one tool at a time": _of_table("one tool at a time", conversation.makes_prompt_longer),
    "an image": _of_table("an image", conversation.makes_prompt_longer),
    "an image by address": _of_table("an image by address", conversation.makes_prompt_longer),
    "reasoning_effort": _of_table("reasoning_effort", sampling.changes_answer),
    "user": _of_table("user", sampling.changes_answer),
}
