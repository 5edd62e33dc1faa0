"""Fields of a workload file.

The JSON Schema for editors is made from these classes, and so are the messages about a wrong file.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

from keywords.engine.load.service_levels import ServiceLevel, parse_service_level
from keywords.engine.load.workload.distributions import Length, Part, Pause, Tokens

_OWN_FIELDS: Final = {
    "model": "give the model when the load run starts",
    "messages": "write them as prompts",
    "stream": "write stream beside mix",
    "max_tokens": "write max_tokens beside prompts",
}

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Message = Annotated[
    Annotated[Text, Tag("message")] | Annotated[tuple[Text, ...], Field(min_length=1), Tag("conversation")],
    Discriminator(lambda value: "conversation" if isinstance(value, list | tuple) else "message"),
]
"""One message, or the messages of a conversation."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Level = Annotated[
    ServiceLevel,
    BeforeValidator(parse_service_level),
    WithJsonSchema({"type": "string", "examples": ["ttft_p95 < 500 ms", "error_rate < 1 %"]}),
]


def _known_fields(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in fields:
        if name in _OWN_FIELDS:
            raise ValueError(f"it has {name}; {_OWN_FIELDS[name]}")
    return fields


Fields = Annotated[
    dict[str, JsonValue],
    Field(default_factory=dict, description="Other fields of each request, such as temperature: 0."),
]


class Prompts(Part):
    """Where the users' messages come from: exactly one of these fields."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    texts: Annotated[
        tuple[Message, ...] | None,
        Field(min_length=1, description="Messages; a list within the list is a conversation, one message a turn."),
    ] = None
    file: Annotated[
        Text | None,
        Field(description="Path from the workload's folder: a .txt file with a message on each line, or .jsonl."),
    ] = None
    tokens: Annotated[
        Length | None,
        Field(
            description="Synthetic messages. The length of the first request's whole prompt as the server counts it, "
            "without the shared prefix; of a later turn, what its message adds."
        ),
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if len(self.model_fields_set & {"texts", "file", "tokens"}) != 1:
            raise ValueError("write exactly one of texts, file and tokens")
        return self


class SharedPrefix(Part):
    """A text before the first message that many items have in common, such as a document."""

    tokens: Annotated[Tokens, Field(description="Its length.")]
    share: Annotated[float, Field(gt=0, le=1, description="Share of the items that have it, from 0 to 1.")] = 1.0
    variants: Annotated[int, Field(ge=1, description="Number of different prefixes; each item has one of them.")] = 1


class Entry(Part):
    """One kind of conversation in the mix."""

    name: Annotated[Name, Field(description="What its samples are called.")]
    share: Annotated[float, Field(gt=0, description="How often it is drawn, relative to the other entries.")] = 1.0
    system: Annotated[Text | None, Field(description="System message.")] = None
    prompts: Prompts
    max_tokens: Annotated[
        Length | None, Field(description="Longest answer; without it, the server decides when an answer ends.")
    ] = None
    shared_prefix: SharedPrefix | None = None
    turns: Annotated[
        Length | None, Field(description="Requests of a conversation, for prompts of tokens; 1 if left out.")
    ] = None
    think: Annotated[Pause | None, Field(description="Pause of the user before each later turn.")] = None
    fields: Fields

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        _known_fields(self.fields)
        if self.turns is not None and self.prompts.tokens is None:
            raise ValueError("turns go with prompts of tokens; a conversation of texts has as many turns as messages")
        return self


class TraceReplay(Part):
    """Lengths of prompts and answers from a trace of a real service."""

    file: Annotated[Text, Field(description="Path from the workload's folder: Mooncake's JSONL or Azure's CSV.")]
    most: Annotated[int | None, Field(ge=1, description="Requests from its start; all if left out.")] = None
    block_tokens: Annotated[int, Field(ge=1, description="Tokens that each of Mooncake's hash ids stands for.")] = 512
    fields: Fields

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        _known_fields(self.fields)
        return self


class Workload(Part):
    """What a load run sends."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["mix"]}, {"required": ["trace"]}]})

    name: Annotated[Name, Field(description="Name of the workload.")]
    about: Annotated[str, Field(description="What it stands for; it changes nothing.")] = ""
    stream: Annotated[bool, Field(strict=True, description="Whether answers are streamed, with their usage.")] = True
    unique_prefix: Annotated[
        bool,
        Field(
            strict=True, description="Whether each conversation begins with words of its own, against prompt caches."
        ),
    ] = False
    mix: Annotated[tuple[Entry, ...] | None, Field(min_length=1, description="Kinds of conversations.")] = None
    trace: TraceReplay | None = None
    service_levels: Annotated[tuple[Level, ...], Field(description="What has to hold, such as ttft_p95 < 500 ms.")] = ()

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.mix is None) == (self.trace is None):
            raise ValueError("write either mix, a list of entries, or trace")
        names = [entry.name for entry in self.mix or ()]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two entries of mix are called {twice}; give each a name of its own")
        sharing = next((entry.name for entry in self.mix or () if entry.shared_prefix), None)
        if self.unique_prefix and sharing is not None:
            raise ValueError(f"unique_prefix leaves entry {sharing} nothing to share; remove it or the shared_prefix")
        return self

    def content(self) -> dict[str, Any]:
        """All that decides what is sent and what has to hold, as plain data; neither name nor comments."""
        plain = self.model_dump(mode="json", exclude={"name", "about", "service_levels"})
        return {**plain, "service_levels": [str(level) for level in self.service_levels]}
