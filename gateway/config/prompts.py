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
    """A prompt template: messages before the client's own. Its texts are Jinja templates.

    Attributes:
        system: a system message; a request that uses the template must not hold another.
        messages: an example conversation.
        variables: default values of variables.
    """

    system: str | None = None
    messages: tuple[ExampleMessage, ...] = ()
    variables: dict[str, Any] = Field(default={})

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """The place in this table, the role and the template of each message, in order."""
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
        # Jinja is imported only if there are templates: the import takes 50 ms.
        from gateway.text.template import BadTemplateError, SafeTemplate  # noqa: PLC0415  # see `_check`

        if not self.texts:
            raise _bad("it", "says nothing; give it 'system' or 'messages'")
        used: set[str] = set()
        for place, _, text in self.texts:
            try:
                template = SafeTemplate(text)
                self._check_filling(template)
            except BadTemplateError as error:
                raise _bad(f"its {place}", str(error)) from error
            used |= template.variables
        for name in self.variables:
            if name not in used:
                raise _bad(f"its variable '{name}'", f"stands in no text; {unknown_name(name, used, 'or remove it')}")
        return self

    def _check_filling(self, template: SafeTemplate) -> None:
        """Fill the template once, so that a failure of the template itself stops the start."""
        from gateway.text.template import BadTemplateError, TemplateLimitError, UnfitVariablesError  # noqa: PLC0415  # see `_check`

        required = template.variables - self.variables.keys()
        try:
            template.fill(dict.fromkeys(required, "x") | self.variables)
        except TemplateLimitError as error:
            raise BadTemplateError(f"makes {error}; let it make less") from error
        except UnfitVariablesError as error:
            # The values of clients may fit.
            if not required:
                raise BadTemplateError(f"cannot be filled ({error}); fix it") from error


def _bad(what: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("template", "{what} {why}", {"what": what, "why": why})
