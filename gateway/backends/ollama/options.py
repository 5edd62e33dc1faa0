"""The fields that all native requests of Ollama share; sampling parameters go into `options`.

Formats: Ollama docs/api.md, api/types.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.backends.parameters import stop_texts, supported_parameters

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.backends.base import Call

# OpenAI's names to Ollama's in `options`.
_RENAMED = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}
_OPTIONS = frozenset(
    {
        *("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "top_k", "min_p", "typical_p"),
        *("repeat_last_n", "repeat_penalty", "penalize_newline", "mirostat", "mirostat_tau", "mirostat_eta"),
        *("num_predict", "num_keep", "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap"),
    }
)
_EVERYWHERE = frozenset({"model", "stream", "stop", "options", "n", "stream_options"})


def native_fields(call: Call, *, translated: Collection[str], native: Collection[str]) -> dict[str, Any]:
    """The fields that Ollama takes unchanged, with its sampling parameters in `options`.

    The client may send sampling parameters at the top level or under `options`. Ollama ignores unknown fields, so every
    other field is dropped by name.

    Args:
        call: the call on its way to Ollama.
        translated: fields that the caller translates.
        native: fields that Ollama has at the top level.

    Raises:
        InvalidRequest: a parameter would be dropped and the call is strict.
    """
    translated = _EVERYWHERE.union(translated)
    options: dict[str, Any] = {}
    request: dict[str, Any] = {}
    for name, value in supported_parameters(call, _OPTIONS.union(_RENAMED, translated, native)).items():
        option = _RENAMED.get(name, name)
        if name in translated:
            continue
        if option in _OPTIONS:
            options[option] = value
        else:
            request[name] = value
    if isinstance(call.fields.get("options"), dict):
        options.update(call.fields["options"])
    if stops := stop_texts(call):
        options["stop"] = stops
    if options:
        request["options"] = options
    return request
