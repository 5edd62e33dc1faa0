"""Azure OpenAI: OpenAI's formats, with a first event without choices, and errors of a code and a message."""

from __future__ import annotations

from keywords.engine.scripted.family import ModelRequest, dump, event
from keywords.engine.scripted.openai import OpenAIChat, OpenAICompletion, OpenAIEmbeddings

_FILTER_RESULTS = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}


def _error(status: int) -> bytes:
    return dump({"error": {"code": str(status), "message": f"Scripted error {status}."}})


class AzureChat(OpenAIChat):
    """Chat completions; a stream opens with the results of the content filter."""

    def opening(self, request: ModelRequest) -> tuple[bytes, ...]:  # noqa: ARG002  (the interface has it)
        """The event with `choices: []`."""
        results = [{"prompt_index": 0, "content_filter_results": _FILTER_RESULTS}]
        frame = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": results}
        return (event(frame),)

    def error(self, status: int) -> bytes:
        """An error object whose code is text."""
        return _error(status)


class AzureCompletion(OpenAICompletion):
    """Legacy completions."""

    def error(self, status: int) -> bytes:
        """An error object whose code is text."""
        return _error(status)


class AzureEmbeddings(OpenAIEmbeddings):
    """Embeddings."""

    def error(self, status: int) -> bytes:
        """An error object whose code is text."""
        return _error(status)
