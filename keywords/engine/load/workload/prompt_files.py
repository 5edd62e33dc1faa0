"""Files of prompts: one message on each line of a .txt file, one object on each line of a .jsonl file.

{"prompt": "Why is the sky blue?"}
{"turns": ["Name a river.", "How long is it?"]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keywords.engine.http.exchange import parse_json
from keywords.engine.load.text_file import DATA_BYTES, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

Conversation = tuple[str, ...]
"""A user's messages, one for each turn."""

_REMEDY = 'write {"prompt": "a message"} or {"turns": ["a message", "the next one"]}'


class PromptFileError(ValueError):
    """A file of prompts cannot be used; the message names file, line and remedy."""


def read_prompts(path: Path) -> tuple[Conversation, ...]:
    """Read a file of prompts; empty lines are passed over.

    Raises:
        PromptFileError: it cannot be read, has no prompt, or a line breaks the format.
    """
    if path.suffix not in {".txt", ".jsonl"}:
        raise PromptFileError(f"{path}: the file is neither .txt nor .jsonl; name it by its format")
    try:
        text = read_bytes(path, DATA_BYTES).decode("utf-8-sig")
    except OSError as err:
        raise PromptFileError(f"{path}: the prompts cannot be read: {err.strerror}; correct the path") from err
    except UnicodeDecodeError as err:
        raise PromptFileError(f"{path}: the prompts are no text in UTF-8; save the file as UTF-8") from err
    # Only line feeds end a line: a text may hold any other separator.
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise PromptFileError(f"{path}: there is no prompt; write one on each line")
    if path.suffix == ".txt":
        return tuple((line,) for _, line in lines)
    return tuple(_conversation(f"{path}:{number}", line) for number, line in lines)


def _conversation(where: str, line: str) -> Conversation:
    try:
        entry: Any = parse_json(line)
    except ValueError as err:
        raise PromptFileError(f"{where}: this is no JSON; {_REMEDY}") from err
    if not isinstance(entry, dict) or len(entry) != 1 or not {"prompt", "turns"} & set(entry):
        raise PromptFileError(f"{where}: this is neither a prompt nor turns; {_REMEDY}")
    messages = [entry["prompt"]] if "prompt" in entry else entry["turns"]
    if not isinstance(messages, list) or not messages or not all(_is_text(message) for message in messages):
        raise PromptFileError(f"{where}: a message is empty or no text; {_REMEDY}")
    return tuple(messages)


def _is_text(message: Any) -> bool:
    return isinstance(message, str) and bool(message.strip())
