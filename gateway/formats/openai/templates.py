"""Prompt templates: a request names a template of its model, whose messages come before its own.

Variables and messages of clients are data; they are never evaluated as templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from gateway.errors.base import InvalidRequest, shorten
from gateway.operations import CHAT
from gateway.text.numbers import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config.load import ModelConfig
    from gateway.config.prompts import TemplateConfig
    from gateway.text.template import SafeTemplate

FIELD = "gateway"
"""The request field for the gateway itself; it never reaches a backend."""
_SYSTEM = frozenset({"system", "developer"})


def templates_unsupported() -> InvalidRequest:
    """The refusal of the field at endpoints without templates."""
    return InvalidRequest(
        f"'{FIELD}' names a prompt template, and there are none here. Leave it out, or ask {CHAT.url_path}.",
        param=FIELD,
        code="unsupported_parameter",
    )


class PromptTemplates:
    """The prompt templates of all models.

    Args:
        models: the configured models, with validated templates.
    """

    def __init__(self, models: Mapping[str, ModelConfig]) -> None:
        self._templates = {
            model: {name: _Template.of(name, template) for name, template in config.templates.items()}
            for model, config in models.items()
            if config.templates
        }

    def apply(self, fields: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        """Add the messages of the template to a request, and remove the gateway's own field.

        Args:
            fields: the validated body of a chat request with the field; it is not changed.

        Returns:
            The body and the fields for the backends.

        Raises:
            InvalidRequest: 400, which names the unknown template, or the missing, unknown or unfit variable.
        """
        options = fields[FIELD] or {}
        name, variables = options.get("template"), options.get("variables") or {}
        fields = {key: value for key, value in fields.items() if key != FIELD}
        if name is not None:
            template = self._template(fields["model"], name)
            fields["messages"] = template.messages(variables, fields["messages"])
        elif variables:
            raise InvalidRequest(
                "There are variables and no template. Send its name in 'gateway.template', or leave them out.",
                param="gateway.template",
                code="missing_required_parameter",
            )
        return dump(fields), fields

    def _template(self, model: str, name: str) -> _Template:
        templates = self._templates.get(model, {})
        template = templates.get(name)
        if template is None:
            known = f"Its templates are {', '.join(sorted(templates))}." if templates else "It has none; leave it out."
            near = get_close_matches(name[:200], templates, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise InvalidRequest(
                f"The model '{shorten(model)}' has no template '{shorten(name)}'. {hint}{known}",
                param="gateway.template",
                code="unknown_template",
            )
        return template


@dataclass(frozen=True, slots=True)
class _Template:
    name: str
    texts: tuple[tuple[str, SafeTemplate], ...]
    defaults: Mapping[str, Any]
    known: frozenset[str]
    has_system: bool

    @classmethod
    def of(cls, name: str, config: TemplateConfig) -> _Template:
        """Compile the template of a configuration."""
        from gateway.text.template import SafeTemplate  # noqa: PLC0415  # Jinja is imported only if needed

        texts = tuple((role, SafeTemplate(text)) for _, role, text in config.texts)
        known = frozenset(variable for _, text in texts for variable in text.variables)
        return cls(name, texts, config.variables, known, config.system is not None)

    def messages(self, variables: dict[str, Any], messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Insert the template's messages before the client's, after the client's system messages."""
        from gateway.text.template import MissingVariableError, TemplateLimitError, UnfitVariablesError  # noqa: PLC0415  # see `of`

        self._check(variables)
        for index, message in enumerate(messages):
            if self.has_system and message["role"] in _SYSTEM:
                raise InvalidRequest(
                    f"The template '{self.name}' brings its own system message. Leave out yours, or the template.",
                    param=f"messages[{index}].role",
                    code="second_system_message",
                )
        values = {**self.defaults, **variables}
        first = next((index for index, message in enumerate(messages) if message["role"] not in _SYSTEM), len(messages))
        try:
            filled = [{"role": role, "content": text.fill(values)} for role, text in self.texts]
        except MissingVariableError as error:
            raise InvalidRequest(
                f"The template '{self.name}' needs the variable '{error.name}'. Send it in 'gateway.variables'.",
                param=f"gateway.variables.{error.name}",
                code="missing_template_variable",
            ) from None
        except TemplateLimitError as error:
            raise InvalidRequest(
                f"With these variables the template '{self.name}' makes {error}, which is its limit. Send less.",
                param="gateway.variables",
                code="template_too_large",
            ) from None
        except UnfitVariablesError as error:
            raise InvalidRequest(
                f"The template '{self.name}' cannot be filled with these variables: {shorten(str(error))}. "
                "Change them.",
                param="gateway.variables",
                code="invalid_template_variable",
            ) from None
        return [*messages[:first], *filled, *messages[first:]]

    def _check(self, variables: dict[str, Any]) -> None:
        from gateway.text.template import STEPS_LIMIT, TEXT_LIMIT  # noqa: PLC0415  # see `of`

        for name, value in variables.items():
            param = f"gateway.variables.{shorten(name)}"
            if name not in self.known:
                known = f"It knows {', '.join(sorted(self.known))}" if self.known else "It has none"
                raise InvalidRequest(
                    f"The template '{self.name}' has no variable '{shorten(name)}'. {known}; leave out the other.",
                    param=param,
                    code="unknown_template_variable",
                )
            items = value if isinstance(value, list) else [value]
            if not all(isinstance(item, str | int | float) for item in items):
                raise InvalidRequest(
                    f"Invalid type for '{param}': expected a string, a number, a boolean or an array of these. "
                    "Send one of them.",
                    param=param,
                    code="invalid_type",
                )
            if len(items) > STEPS_LIMIT or any(len(item) > TEXT_LIMIT for item in items if isinstance(item, str)):
                raise InvalidRequest(
                    f"'{param}' has more than {STEPS_LIMIT} items or {TEXT_LIMIT} characters. Send less.",
                    param=param,
                    code="template_too_large",
                )
