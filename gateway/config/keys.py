"""The tables of the configuration about who may ask how much: `[keys]` and `[shared]`."""

from __future__ import annotations

import os
import re
from pathlib import Path  # noqa: TC003  # pydantic reads the annotations when the module is loaded
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.section import Seconds, Section

Count = Annotated[int, Field(ge=1)]


class KeyLimits(Section):
    """What one key may use; what is unset is not limited.

    Attributes:
        rpm: requests per minute (per `window_s`, to be exact).
        tpm: tokens per minute, of prompts and answers.
        concurrency: requests under way at once.
    """

    rpm: Count | None = None
    tpm: Count | None = None
    concurrency: Count | None = None


class KeysConfig(KeyLimits):
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
