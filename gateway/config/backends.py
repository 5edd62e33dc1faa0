"""Base classes of the tables `[backends.<name>]`; the class of a kind stands beside its backend."""

from __future__ import annotations

import os
import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from gateway.config.problems import unknown_name
from gateway.config.secret_values import fault_of_secret
from gateway.config.section import Section
from gateway.text.control_families import FAMILIES, tokens_of

_SHORTEST_TOKEN = 3


def _check_base_url(value: str) -> str:
    if not re.match(r"^https?://[^/\s@]+(/[^\s?#]*)?$", value):
        raise PydanticCustomError(
            "base_url", "is no plain http(s) address; write it as http://host:port/path, without a key or a query"
        )
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_check_base_url)]
"""An http(s) address without a key or a query."""


class BackendConfig(Section):
    """A backend of any kind.

    A kind's class narrows `kind` to its own name: `kind: Literal["nim"] = "nim"`.

    Attributes:
        is_embedded: whether each worker of the gateway starts a backend for itself, shared with no other process.
        kind: name of the kind.
        neutralise: the control tokens to break in requests: those of all families, none, or those of the listed
            families and the listed tokens. The default is on for servers that take a user's `<|im_end|>` for the
            template's own, and off for services that encode a message as plain text.
    """

    is_embedded: ClassVar[bool] = False

    kind: str
    neutralise: bool | tuple[str, ...] = False

    @field_validator("neutralise", mode="before")
    @classmethod
    def _check_neutralise(cls, value: Any) -> Any:
        if isinstance(value, bool) or str(value).lower() in {"true", "false"}:  # texts come from the environment
            return value
        if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
            raise PydanticCustomError(
                "neutralise", 'is neither a switch nor a list of texts; write true, false or ["chatml", "<|my_token|>"]'
            )
        for name in value:
            # A token of letters only would break ordinary words.
            if name not in FAMILIES and (len(name) < _SHORTEST_TOKEN or name.replace("_", "").isalnum()):
                raise PydanticCustomError(
                    "neutralise",
                    "names '{name}', which is neither a family nor a token; {fix}",
                    {"name": name, "fix": unknown_name(name, FAMILIES, "or write a token as it stands in prompts")},
                )
        return tuple(value)

    @property
    def address(self) -> str | None:
        """The address; None if the configuration has none."""
        return None

    @property
    def control_tokens(self) -> frozenset[str]:
        """The control tokens to break that the configuration names."""
        if isinstance(self.neutralise, bool):
            return tokens_of(FAMILIES) if self.neutralise else frozenset()
        return tokens_of(self.neutralise)


class KeyedConfig(BackendConfig):
    """A backend that may need a key.

    Attributes:
        api_key_env: name of the environment variable with its key.
        strict: refuse unsupported parameters, rather than drop them and name them in `x-gateway-dropped-params`.
        base_url: address without a key or a query.
    """

    api_key_env: str | None = None
    strict: bool = False
    base_url: BaseUrl | None = None

    @field_validator("api_key_env")
    @classmethod
    def _check_api_key_env(cls, value: str | None) -> str | None:
        # The message never repeats the value, which may be a pasted key.
        if value is not None and not re.match(r"^[A-Z_][A-Z0-9_]*$", value):
            raise PydanticCustomError(
                "api_key_env",
                "is not the name of an environment variable (capitals, digits, underscores); "
                "put the key into a variable such as MY_API_KEY and write that name here",
            )
        if value is not None and not os.environ.get(value):
            raise PydanticCustomError(
                "api_key_env",
                "names the environment variable {variable}, which is not set; export it, or remove this line",
                {"variable": value},
            )
        if value is not None and (fault := fault_of_secret(os.environ[value])):
            what, fix = fault
            raise PydanticCustomError(
                "api_key_env",
                "names the environment variable {variable}, whose value {what}; {fix}",
                {"variable": value, "what": what, "fix": fix},
            )
        return value

    @property
    def address(self) -> str | None:
        """`base_url`."""
        return self.base_url

    @property
    def api_key(self) -> SecretStr | None:
        """The backend's key, from the environment."""
        return SecretStr(os.environ[self.api_key_env]) if self.api_key_env else None


class RemoteConfig(KeyedConfig):
    """A backend with a mandatory `base_url`."""

    base_url: BaseUrl
