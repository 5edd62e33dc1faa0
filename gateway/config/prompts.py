"""The tables `[models."<id>".templates.<name>]`: prompts that clients fill in by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.problems import unknown_name
from gateway.config.section import Section

if TYPE_CHECKING:
    from gateway.text.template import SafeTemplate

TemplateName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class ExampleMessage(Section):
    """One message of an example conversation."""

    role: Literal["user", "assistant"]
    content: str


class TemplateConfig(Section):
    """A prompt: what stands before a client's own messages. Its texts are Jinja templates.

    Attributes:
        system: a system message; clients that use the template send none of their own.
        messages: an example conversation.
        variables: the values of variables that a client may leave out.
    """

    system: str | None = None
    messages: tuple[ExampleMessage, ...] = ()
    variables: dict[str, Any] = Field(default={})

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """For each message in order: its place in this table, its role and its template."""
        system = [] if self.system is None else [("system", "system", self.system)]
        return [
            *system,
            *(
                (f"messages[{index}].content", message.role, message.content)
                for index, message in enumerate(self.messages)
            ),
        ]

    @field_validator("variables")
    @classmethod
    def _check_variables(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            items = value if isinstance(value, list) else [value]
            if not all(isinstance(item, str | int | float) for item in items):
                raise _bad(f"has for '{name}'", "no text, number, switch or list of these; write one of them")
        return values

    @model_validator(mode="after")
    def _check(self) -> Self:
        # Jinja is read only where there are templates: it costs a start 50 ms.
        from gateway.text.template import BadTemplateError, SafeTemplate  # noqa: PLC0415  # see above

        if not self.texts:
            raise _bad("it", "says nothing; give it 'system' or 'messages'")
        asked: set[str] = set()
        for place, _, text in self.texts:
            try:
                template = SafeTemplate(text)
                self._try(template)
            except BadTemplateError as error:
                raise _bad(f"its {place}", str(error)) from error
            asked |= template.variables
        for name in self.variables:
            if name not in asked:
                raise _bad(f"its variable '{name}'", f"stands in no text; {unknown_name(name, asked, 'or remove it')}")
        return self

    def _try(self, template: SafeTemplate) -> None:
        """Fill it once, so that what fails without any client's doing stops the start."""
        from gateway.text.template import BadTemplateError, TooMuchError, UnfitVariablesError  # noqa: PLC0415  # see above

        others = template.variables - self.variables.keys()
        try:
            template.fill(dict.fromkeys(others, "x") | self.variables)
        except TooMuchError as error:
            raise BadTemplateError(f"makes {error}; let it make less") from error
        except UnfitVariablesError as error:
            # Where clients give values, theirs may fit.
            if not others:
                raise BadTemplateError(f"cannot be filled ({error}); fix it") from error


def _bad(what: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("template", "{what} {why}", {"what": what, "why": why})
