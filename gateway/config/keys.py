"""The limits of a key, and the tables `[keys]` and `[shared]` of the configuration.

A limit is declared once, as a field of `RateLimits` or `Budgets`: the key file, the command line and the key ring read
it there. The stores enforce it (`gateway.limits.store`, `gateway.limits.redis_store`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from pathlib import Path  # noqa: TC003  # pydantic reads the annotations when the module is loaded
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.secret_values import fault_of_secret
from gateway.config.section import Seconds, Section

_REDIS_URL = re.compile(r"(rediss?|unix)://")
Count = Annotated[int, Field(ge=1)]
Dollars = Annotated[float, Field(gt=0, allow_inf_nan=False)]


# Dataclasses: the limits are read several times for each request, and attributes of pydantic models are slower. The
# models of the files inherit them.
@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Rate limits of a key; unset is unlimited. `window_s` stands for the minute."""

    rpm: Annotated[Count | None, Field(description="Requests per minute.")] = None
    tpm: Annotated[Count | None, Field(description="Tokens per minute, of prompts and answers.")] = None
    concurrency: Annotated[Count | None, Field(description="Requests at once.")] = None


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Budgets of a key; unset is unlimited."""

    budget_usd: Annotated[Dollars | None, Field(description="US dollars in all; every model needs a price.")] = None
    budget_tokens: Annotated[Count | None, Field(description="Tokens in all.")] = None


RATE_LIMITS = tuple(field.name for field in fields(RateLimits))
BUDGETS = tuple(field.name for field in fields(Budgets))


class KeysConfig(Section, RateLimits):
    """The key file, and the default limits of keys.

    Attributes:
        file: the file that `gateway keys add` writes; if it is set, every request needs a key.
        window_s: seconds in which an empty bucket of `rpm` or `tpm` refills.
    """

    file: Path | None = None
    window_s: Seconds = 60.0


class SharedConfig(Section):
    """The Redis or Valkey in which workers and gateways count together: its URL, here or in a variable."""

    redis_url: str | None = None
    redis_url_env: str | None = None

    @field_validator("redis_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        # The message never repeats the value, which may hold a password.
        if value is None:
            return value
        if not _REDIS_URL.match(value):
            raise PydanticCustomError("redis_url", "is no Redis address; write it as redis://host:6379/0")
        if urlsplit(value).password or "password=" in value:
            raise PydanticCustomError(
                "redis_url", "holds a password; put the URL into a variable and name it in shared.redis_url_env"
            )
        return value

    @field_validator("redis_url_env")
    @classmethod
    def _check_url_env(cls, value: str | None) -> str | None:
        if value is None:
            return value
        url = os.environ.get(value)
        if not url:
            raise PydanticCustomError(
                "redis_url_env", "names an environment variable that is not set; export it, or remove this line"
            )
        what, fix = fault_of_secret(url) or ("", "")
        if not what and not _REDIS_URL.match(url):
            what, fix = "is no Redis address", "write it as redis://host:6379/0"
        if what:
            raise PydanticCustomError(
                "redis_url_env", "names a variable whose value {what}; {fix}", {"what": what, "fix": fix}
            )
        return value

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.redis_url and self.redis_url_env:
            raise PydanticCustomError("shared", "names two addresses; keep redis_url or redis_url_env")
        return self

    @property
    def url(self) -> SecretStr | None:
        """The address, perhaps with a password; None if nothing is shared."""
        url = os.environ[self.redis_url_env] if self.redis_url_env else self.redis_url
        return SecretStr(url) if url else None
