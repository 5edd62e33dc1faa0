"""The official `anthropic` package as a client of the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import anthropic
from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.client.sdk.connection import connect, logged, verify_raised
from keywords.client.sdk.reading import model_ids, part
from keywords.run.arguments import CONVERTERS, Words
from keywords.run.assertions import verify

# The newest version of the API has no temperature, and the package has no argument for it.
_WITH_TEMPERATURE = {"anthropic-version": "2023-06-01"}


@dataclass(frozen=True, slots=True)
class SdkMessage:
    """An answer as the package read it.

    Attributes:
        text: text of all text blocks.
        tool_uses: one line for each tool call: its name, a space, its input as JSON with sorted keys.
        stop_reason: why it ended.
        input_tokens: tokens of the prompt.
        output_tokens: tokens of the answer.
        content: the blocks, as a further request repeats them.
        request_id: the header `request-id`.
    """

    text: str
    tool_uses: str
    stop_reason: str | None
    input_tokens: int
    output_tokens: int
    content: list[Any]
    request_id: str | None


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class AnthropicSdkLibrary:
    """Use the gateway with the `anthropic` package.

    The package retries nothing here and takes no proxy from the environment; all other settings are its defaults. Its
    exchanges are evidence of the row.

    A keyword `… Raises` takes the name of a class, and fails if the package raises another one or nothing.
    """

    @keyword
    def anthropic_message(self, prompt: str, *, temperature: float | None = None, **fields: Any) -> SdkMessage:
        """Ask with `client.messages.create`.

        Args:
            prompt: the user message; the field `messages` replaces it.
            temperature: 0 to 1; requests the version of the API that still has one.
            fields: further arguments, such as `model`, `max_tokens` (64 if left out), `system` or `tools`.

        Raises:
            anthropic.APIError: as the package raises it.

        ```robotframework
        ${message} =    Anthropic Message    Name three colours.    temperature=0
        ```
        """
        with connect(anthropic.Anthropic) as (sdk, model):
            message = sdk.messages.create(**_arguments(prompt, model, temperature, fields))
        return _read(message)

    @keyword
    def anthropic_token_count(self, prompt: str, **fields: Any) -> int:
        """Count the tokens of a prompt with `client.messages.count_tokens`.

        Args:
            prompt: as for [Anthropic Message].
            fields: further arguments, such as `model`, `system` or `tools`.

        Raises:
            anthropic.APIError: as the package raises it.

        ```robotframework
        ${count} =    Anthropic Token Count    Name three colours.
        ```
        """
        with connect(anthropic.Anthropic) as (sdk, model):
            arguments = _arguments(prompt, model, None, fields)
            del arguments["max_tokens"]
            count = sdk.messages.count_tokens(**arguments)
        tokens: int = part(count, "input_tokens", int, "input_tokens of the count")
        return tokens

    @keyword
    def anthropic_list_models(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Words = None,
        message: str | None = None,
        *,
        limit: int = 20,
    ) -> list[str]:
        """The ids of the models on all pages, by `client.models.list`; the expected ones have spaces between.

        Args:
            assertion_operator: compares the ids.
            assertion_expected: the expected ids.
            message: replaces the message of a failed comparison.
            limit: the most models of one page.

        Raises:
            anthropic.APIError: as the package raises it.
            AssertionError: the comparison failed.

        ```robotframework
        Anthropic List Models    contains    ${MODEL}
        ```
        """
        with connect(anthropic.Anthropic) as (sdk, _):
            ids = model_ids(sdk.models.list(limit=limit))
        return verify(ids, assertion_operator, assertion_expected, "The ids of the models", message)

    @keyword
    def anthropic_stream(self, prompt: str, *, temperature: float | None = None, **fields: Any) -> SdkMessage:
        """Ask with `client.messages.stream`; the message that the package assembles.

        Args:
            prompt: as for [Anthropic Message].
            temperature: as for [Anthropic Message].
            fields: as for [Anthropic Message].

        Raises:
            anthropic.APIError: as the package raises it, in mid-stream too.

        ```robotframework
        ${message} =    Anthropic Stream    Name three colours.    temperature=0
        ```
        """
        with (
            connect(anthropic.Anthropic) as (sdk, model),
            sdk.messages.stream(**_arguments(prompt, model, temperature, fields)) as stream,
        ):
            message = stream.get_final_message()
        return _read(message)

    @keyword
    def describe_anthropic_tool(self, name: str, *parameters: str) -> dict[str, Any]:
        """The definition of a tool for a Messages request; its parameters are texts.

        ```robotframework
        ${tool} =    Describe Anthropic Tool    get_weather    city
        VAR    @{tools}    ${tool}
        ${message} =    Anthropic Message    Is it raining in Oslo?    tools=${tools}
        ```
        """
        schema = {"type": "object", "properties": {parameter: {"type": "string"} for parameter in parameters}}
        return {"name": name, "description": f"Calls {name}.", "input_schema": schema}

    @keyword
    def conversation_with_result(self, prompt: str, message: SdkMessage, result: str) -> list[dict[str, Any]]:
        """The `messages` after a message with tool calls: the prompt, the message, and a result for each call.

        ```robotframework
        ${messages} =    Conversation With Result    Is it raining?    ${message}    Yes.
        ${answer} =    Anthropic Message    ${EMPTY}    messages=${messages}
        ```
        """
        uses = [block for block in message.content if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": use["id"], "content": result} for use in uses]
        return [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": results},
        ]

    @keyword
    def anthropic_raises(self, expected: str, *, api_key: str | None = None, **fields: Any) -> None:
        """Verify which class the package raises for a message.

        Args:
            expected: the name of the class.
            api_key: a wrong key.
            fields: as for [Anthropic Message].

        ```robotframework
        Anthropic Raises    NotFoundError    model=no-such-model
        ```
        """
        with connect(anthropic.Anthropic, api_key=api_key) as (sdk, model):
            verify_raised(
                lambda: sdk.messages.create(**_arguments("Hello.", model, None, fields)),
                anthropic.AnthropicError,
                expected,
                "The class that the package raised",
            )

    @keyword
    def anthropic_stream_raises(self, expected: str, **fields: Any) -> None:
        """Verify which class the package raises for a stream that it reads to its end.

        Args:
            expected: the name of the class.
            fields: as for [Anthropic Message].

        ```robotframework
        Anthropic Stream Raises    APIStatusError
        ```
        """

        def read() -> None:
            with (
                connect(anthropic.Anthropic) as (sdk, model),
                sdk.messages.stream(**_arguments("Hello.", model, None, fields)) as stream,
            ):
                stream.until_done()

        verify_raised(read, anthropic.AnthropicError, expected, "The class that the package raised for the stream")


def _arguments(prompt: str, model: str, temperature: float | None, fields: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": prompt}]}
    arguments |= {name: _number(value) for name, value in fields.items()}
    if temperature is not None:
        arguments |= {"extra_body": {"temperature": temperature}, "extra_headers": _WITH_TEMPERATURE}
    return arguments


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.removeprefix("-").isdecimal() else value


def _read(message: object) -> SdkMessage:
    """Log and return an answer as the package read it.

    Raises:
        AssertionError: a part of it is missing or of another type.
    """
    blocks = part(message, "content", list, "content of the message")
    kinds = [part(block, "type", str, f"content[{number}].type") for number, block in enumerate(blocks)]
    texts = [
        part(block, "text", str, f"content[{number}].text")
        for number, block in enumerate(blocks)
        if kinds[number] == "text"
    ]
    uses = [
        f"{part(block, 'name', str, f'content[{number}].name')} "
        f"{json.dumps(part(block, 'input', object, f'content[{number}].input'), sort_keys=True)}"
        for number, block in enumerate(blocks)
        if kinds[number] == "tool_use"
    ]
    usage = part(message, "usage", object, "usage of the message")
    return logged(
        SdkMessage(
            text="".join(texts),
            tool_uses="\n".join(uses),
            stop_reason=part(message, "stop_reason", (str, type(None)), "stop_reason of the message"),
            input_tokens=part(usage, "input_tokens", int, "usage.input_tokens"),
            output_tokens=part(usage, "output_tokens", int, "usage.output_tokens"),
            content=[block.to_dict(warnings=False) for block in blocks],
            request_id=getattr(message, "_request_id", None),
        )
    )
