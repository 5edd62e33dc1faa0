"""What a client may ask of llama.cpp: a list of fields, each with its bounds.

llama.cpp reads some seventy fields (tools/server/server-schema.cpp). Some of them let one request allocate gigabytes,
replace the token limit, or stop the loop that serves all requests, so a field that is not listed here never reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.backends.llamacpp.chat import check_chat_parameters, unsupported_parameters
from gateway.backends.llamacpp.schema_cost import check_schemas
from gateway.backends.llamacpp.text import check_text_parameters
from gateway.backends.parameters import supported_parameters, unsupported
from gateway.errors.base import InvalidRequest
from gateway.operations import CHAT, COUNT_TOKENS, EMBEDDINGS, TEXT_COMPLETION
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.backends.base import Call
    from gateway.backends.llamacpp.config import LlamaCppConfig
    from gateway.operations import Operation

MOST_BIASES = 1024
"""Entries of `logit_bias`: llama.cpp applies each to each token; 49,000 took 0.25 s per token, 1,024 take 5 ms."""
_LARGEST_INT = 2**31 - 1

_SAMPLING = frozenset(
    {
        "frequency_penalty", "ignore_eos", "logit_bias", "logprobs", "max_tokens", "min_p", "model", "n",
        "presence_penalty", "repeat_penalty", "seed", "stop", "stream", "stream_options", "temperature", "top_k",
        "top_p", "typical_p",
    }
)  # fmt: skip
_CHAT = _SAMPLING | {
    "chat_template_kwargs", "max_completion_tokens", "messages", "parallel_tool_calls", "reasoning_effort",
    "reasoning_format", "response_format", "tool_choice", "tools", "top_logprobs",
}  # fmt: skip
_FIELDS: dict[Operation, frozenset[str]] = {
    CHAT: _CHAT,
    COUNT_TOKENS: _CHAT,
    # The last three without effect: `check_text_parameters` refuses other values.
    TEXT_COMPLETION: _SAMPLING | {"prompt", "best_of", "echo", "suffix"},
    EMBEDDINGS: frozenset({"encoding_format", "input", "model"}),
}
# Dropping these would change what the answer is, or how long.
_SCHEMA_INSTEAD = "Send 'response_format' with a JSON schema."
_REFUSED = {
    "grammar": ("takes no grammars", _SCHEMA_INSTEAD),
    "guided_choice": ("knows JSON schemas only", _SCHEMA_INSTEAD),
    "guided_grammar": ("takes no grammars", _SCHEMA_INSTEAD),
    "guided_json": ("takes a schema in another field", _SCHEMA_INSTEAD),
    "guided_regex": ("knows JSON schemas only", _SCHEMA_INSTEAD),
    "json_schema": ("takes a schema in another field", _SCHEMA_INSTEAD),
    "n_predict": ("takes the limit of an answer in another field", "Send 'max_tokens'."),
    "structured_outputs": ("takes a schema in another field", _SCHEMA_INSTEAD),
}
# `common_reasoning_format_from_name` in llama.cpp's common/chat.cpp.
_REASONING_FORMATS = ("none", "auto", "deepseek", "deepseek-legacy")
# A template's own variables: a client that set them would replace the conversation that was checked.
_TEMPLATE_VARIABLES = frozenset({"add_generation_prompt", "bos_token", "eos_token", "messages", "tools"})


@dataclass(frozen=True, slots=True)
class _Number:
    """The bounds of a number that OpenAI's format does not know.

    Attributes:
        least: the smallest value.
        most: the largest.
        whole: whether it is an integer.
    """

    least: float
    most: float
    whole: bool = False

    def check(self, name: str, value: Any) -> None:
        kinds = int if self.whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and self.least <= value <= self.most:
            return
        kind = "an integer" if self.whole else "a number"
        raise _invalid(name, f"expected {kind} from {self.least:g} to {self.most:g}")


_NUMBERS = {
    "min_p": _Number(0, 1),
    "repeat_penalty": _Number(0.1, 10),
    "top_k": _Number(0, _LARGEST_INT, whole=True),
    "typical_p": _Number(0, 1),
}


def allowed_call(call: Call, abilities: Mapping[str, bool], config: LlamaCppConfig) -> Call:
    """The call with what llama.cpp may read, and with one limit of the answer: `max_tokens`.

    Args:
        call: the call on its way to llama.cpp.
        abilities: see `unsupported_parameters`.
        config: the context bounds the length of an answer, the slots bound the number of choices.

    Returns:
        The call, with its bytes unchanged if all of it is allowed.

    Raises:
        InvalidRequest: a field without which the answer would mean something else, a value out of its bounds, or any
            other field that is not listed, if the call is strict.
    """
    if call.operation in {CHAT, COUNT_TOKENS}:
        check_chat_parameters(call, abilities)
    if call.operation is TEXT_COMPLETION:
        check_text_parameters(call)
    if call.operation is EMBEDDINGS and call.fields.get("dimensions") is not None:
        raise unsupported("dimensions", "gives vectors of its model's own length", "Leave it out.")
    for name, (what, fix) in _REFUSED.items():
        if call.fields.get(name) is not None:
            raise unsupported(name, what, fix)
    fields = supported_parameters(call, _FIELDS[call.operation] - unsupported_parameters(abilities))
    _check_values(fields, config.slots)
    # The newer of OpenAI's two names counts, as it does for the reservation.
    limit = fields.pop("max_completion_tokens", fields.get("max_tokens"))
    if limit is not None:
        # A larger number would not fit the 32 bits that llama.cpp has for it.
        fields["max_tokens"] = min(limit, config.context_tokens)
    if "stop" in fields:
        # llama.cpp takes an empty text for one that every answer ends with.
        fields["stop"] = [stop for stop in _as_list(fields["stop"]) if stop]
    if fields == call.fields:
        return call
    exact = call.exact_fields()
    written = {name: exact[name] if exact.get(name) == value else value for name, value in fields.items()}
    return replace(call, fields=fields, body=dump(written))


def _check_values(fields: Mapping[str, Any], slots: int) -> None:
    """Check what the format's own validation leaves open.

    Raises:
        InvalidRequest: a value is out of its bounds.
    """
    for name, number in _NUMBERS.items():
        if name in fields:
            number.check(name, fields[name])
    if not isinstance(fields.get("ignore_eos", False), bool):
        raise _invalid("ignore_eos", "expected a boolean")
    if fields.get("n", 1) > slots:
        raise _invalid("n", f"this model's backend gives at most {slots} choices at once, but got {fields['n']}")
    if fields.get("reasoning_format", "none") not in _REASONING_FORMATS:
        raise _invalid("reasoning_format", f"expected one of {', '.join(_REASONING_FORMATS)}")
    _check_biases(fields.get("logit_bias", {}))
    _check_template_arguments(fields.get("chat_template_kwargs", {}))
    schemas = dict(_schemas(fields))
    if schemas:
        check_schemas(schemas)


def _check_biases(biases: Mapping[str, float]) -> None:
    if len(biases) > MOST_BIASES:
        raise _invalid("logit_bias", f"expected at most {MOST_BIASES} tokens, but got {len(biases)}")
    for token in biases:
        # llama.cpp would turn a text into its tokens, however many there are.
        if not (token.isascii() and token.isdigit()):
            raise _invalid("logit_bias", "expected the ids of tokens as keys")


def _check_template_arguments(arguments: Any) -> None:
    if not isinstance(arguments, dict):
        raise _invalid("chat_template_kwargs", "expected an object")
    for name in arguments:
        if name in _TEMPLATE_VARIABLES:
            raise _invalid(f"chat_template_kwargs.{name}", "the gateway sets it. Leave it out")


def _schemas(fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The JSON schemas that llama.cpp makes grammars of, by the paths of their fields."""
    found: list[tuple[str, Any]] = []
    answer = fields.get("response_format", {})
    if answer.get("schema") is not None:
        found.append(("response_format.schema", answer["schema"]))
    if answer.get("json_schema") is not None:
        schema = answer["json_schema"]
        found.append(
            ("response_format.json_schema.schema", schema.get("schema") if isinstance(schema, dict) else schema)
        )
    for index, tool in enumerate(fields.get("tools", ())):
        function = tool.get("function")
        if isinstance(function, dict) and function.get("parameters") is not None:
            found.append((f"tools[{index}].function.parameters", function["parameters"]))
    return found


def _as_list(stop: str | list[str]) -> list[str]:
    return [stop] if isinstance(stop, str) else stop


def _invalid(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid value for '{param}': {why}.", param=param, code="invalid_value")
