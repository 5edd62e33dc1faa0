"""The key file that `gateway keys` writes: names, limits and SHA-256 digests, never a key itself.

A key has 256 random bits, so it cannot be found by trying, and a slow, salted hash is not needed.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
import tomllib
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from gateway.config.keys import Budgets, RateLimits
from gateway.config.problems import ConfigError, Problem, problems_of
from gateway.config.section import Section
from gateway.operating_system.file_locks import locked_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
# Prefix of the names of the keys in GATEWAY_API_KEYS.
RESERVED = "env-"
_PREFIX = "gw-"
_HEAD = "# Written by `gateway keys`; limits may be changed by hand. The gateway reads it again when it changes.\n"


class KeyEntry(Section, Budgets, RateLimits):
    """One key, with its own limits.

    Attributes:
        sha256: digest of the key, in hexadecimal digits.
        created: time of its creation.
        revoked: time since which it is refused.
    """

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: datetime
    revoked: datetime | None = None


class _File(Section):
    keys: dict[Annotated[str, Field(pattern=rf"^{NAME.pattern}$")], KeyEntry] = Field(default_factory=dict)

    @field_validator("keys")
    @classmethod
    def _check_names(cls, value: dict[str, KeyEntry]) -> dict[str, KeyEntry]:
        if any(name.startswith(RESERVED) for name in value):
            raise PydanticCustomError("keys", f"has a key whose name begins with '{RESERVED}'; rename it")
        return value


def read(path: Path) -> dict[str, KeyEntry]:
    """Read all keys by name, revoked ones included.

    Raises:
        ConfigError: the file is absent or invalid.
    """
    try:
        return _File.of_toml(tomllib.loads(path.read_text("utf-8"))).keys
    except OSError as error:
        fix = "check keys.file, or make the first key with `gateway keys add NAME`"
        raise ConfigError([Problem(str(path), f"cannot be read ({error.strerror})", fix)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(path), f"is not TOML: {error}", "fix the syntax there")]) from error
    except ValidationError as error:
        problems = problems_of(error, lambda _: KeyEntry.model_fields)
        raise ConfigError([Problem(f"{path}: {at.where}", at.what, at.fix) for at in problems]) from error


def add(path: Path, name: str, limits: dict[str, Any]) -> str:
    """Create a key and write its digest into the file, which is created if absent.

    Args:
        path: the file.
        name: name of the key in logs, metrics and refusals.
        limits: limits of the key, by their names.

    Returns:
        The key, which is stored nowhere.

    Raises:
        ConfigError: the file or a limit is invalid, or the name is taken.
    """
    if not NAME.fullmatch(name) or name.startswith(RESERVED):
        fix = f"use up to 64 letters, digits, '_', '.' or '-', and do not begin with '{RESERVED}'"
        raise ConfigError([Problem("NAME", f"'{name[:80]}' is no name for a key", fix)])
    key = _PREFIX + secrets.token_urlsafe(32)
    digest = sha256(key.encode()).hexdigest()
    try:
        entry = KeyEntry(sha256=digest, created=_now(), **limits)
    except ValidationError as error:
        raise ConfigError(problems_of(error, lambda _: KeyEntry.model_fields)) from error
    with _locked(path):
        entries = read(path) if path.exists() else {}
        if name in entries:
            fix = "choose another; the name of a revoked key stays taken, so that records stay unmistakable"
            raise ConfigError([Problem(str(path), f"there is a key '{name}' already", fix)])
        _write(path, entries | {name: entry})
    return key


def revoke(path: Path, name: str) -> None:
    """Refuse a key from now on.

    Raises:
        ConfigError: the file is invalid, or does not contain the key.
    """
    with _locked(path):
        entries = read(path)
        if name not in entries:
            known = ", ".join(sorted(entries)) or "none"
            raise ConfigError([Problem(str(path), f"there is no key '{name}'", f"known are: {known}")])
        if entries[name].revoked is None:
            _write(path, entries | {name: entries[name].model_copy(update={"revoked": _now()})})


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other commands from changing the file: of two keys made at once, one would be lost."""
    with ExitStack() as stack:
        try:
            # The file itself is replaced, so its folder is locked.
            stack.enter_context(locked_folder(path.parent))
        except OSError as error:
            raise _unwritable(path, error) from error
        yield


def _unwritable(path: Path, error: OSError) -> ConfigError:
    fix = "choose a folder that exists and may be written to"
    return ConfigError([Problem(str(path), f"cannot be written ({error.strerror})", fix)])


def _write(path: Path, entries: dict[str, KeyEntry]) -> None:
    """Replace the file in one step; only its owner may read it."""
    blocks = [_HEAD]
    for name, entry in entries.items():
        values = entry.model_dump(exclude_none=True)
        blocks.append(
            "".join((f'\n[keys."{name}"]\n', *(f"{key} = {_toml(value)}\n" for key, value in values.items())))
        )
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(blocks))
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError, NameError):
            Path(temporary).unlink()
        raise _unwritable(path, error) from error


def _toml(value: object) -> str:
    match value:
        case str():
            return f'"{value}"'
        case datetime():
            return value.isoformat()
    return repr(value)
