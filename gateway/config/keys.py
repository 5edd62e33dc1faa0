"""The limits of a key, and the tables of the configuration about who may ask how much: `[keys]` and `[shared]`.

A limit is one field of `RateLimits` or of `Budgets`: the file of keys, the command line and the keys of requests take
it from there. What it means is up to the stores (`gateway.limits.store`, `gateway.limits.redis_store`).
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

from gateway.config.section import Seconds, Section

Count = Annotated[int, Field(ge=1)]
Dollars = Annotated[float, Field(gt=0, allow_inf_nan=False)]


# Dataclasses, for the limits of a key are read several times for each request, and a model's attributes cost more; the
# models of the files inherit them.
@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """What a key may use at a time; what is unset is not limited. A minute is `window_s`, to be exact."""

    rpm: Annotated[Count | None, Field(description="Requests per minute.")] = None
    tpm: Annotated[Count | None, Field(description="Tokens per minute, of prompts and answers.")] = None
    concurrency: Annotated[Count | None, Field(description="Requests at once.")] = None


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """What a key may use in all; what is unset is not limited."""

    budget_usd: Annotated[Dollars | None, Field(description="US dollars in all; every model needs a price.")] = None
    budget_tokens: Annotated[Count | None, Field(description="Tokens in all.")] = None


RATE_LIMITS = tuple(field.name for field in fields(RateLimits))
BUDGETS = tuple(field.name for field in fields(Budgets))


class KeysConfig(Section, RateLimits):
    """The clients' keys beyond `GATEWAY_API_KEYS`, and the limits of every key that has none of its own.

    Attributes:
        file: the file that `gateway keys add` writes; once it is named, nobody passes without a key.
        window_s: the time after which a used-up `rpm` or `tpm` is whole again, in seconds.
    """

    file: Path | None = None
    window_s: Seconds = 60.0


class SharedConfig(Section):
    """Where several workers or gateways count together: the URL of a Redis or Valkey, here or in a variable."""

    redis_url: str | None = None
    redis_url_env: str | None = None

    @field_validator("redis_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        # The value is never repeated: it may hold a password.
        if value is None:
            return value
        if not re.match(r"^(rediss?|unix)://", value):
            raise PydanticCustomError("redis_url", "is no Redis address; write it as redis://host:6379/0")
        if urlsplit(value).password or "password=" in value:
            raise PydanticCustomError(
                "redis_url", "holds a password; put the URL into a variable and name it in shared.redis_url_env"
            )
        return value

    @field_validator("redis_url_env")
    @classmethod
    def _check_url_env(cls, value: str | None) -> str | None:
        if value is not None and not os.environ.get(value):
            raise PydanticCustomError(
                "redis_url_env", "names an environment variable that is not set; export it, or remove this line"
            )
        return value

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.redis_url and self.redis_url_env:
            raise PydanticCustomError("shared", "names two addresses; keep redis_url or redis_url_env")
        return self

    @property
    def url(self) -> SecretStr | None:
        """The address, a password perhaps in it; None if nothing is shared."""
        url = os.environ[self.redis_url_env] if self.redis_url_env else self.redis_url
        return SecretStr(url) if url else None
