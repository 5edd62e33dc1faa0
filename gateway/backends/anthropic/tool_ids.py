"""Ids of tool calls, in the form that Anthropic demands: `^[a-zA-Z0-9_-]+$`.

Other servers make ids such as `functions.f:0`, and the conversation may go on with a backend of Anthropic's format.
Such an id is written as base64. No two ids become one, and the same id always becomes the same.

Source: `ToolUseBlockParam` in platform.claude.com/docs/en/api/messages.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

_ALLOWED = re.compile(r"[a-zA-Z0-9_-]+")
_PREFIX = "toolu_b64_"


def anthropic_id(call_id: str) -> str:
    """The id in Anthropic's form: itself if it has that form."""
    # An id that looks like a written one is written too; else two ids could become one.
    if _ALLOWED.fullmatch(call_id) and not call_id.startswith(_PREFIX):
        return call_id
    return _PREFIX + urlsafe_b64encode(call_id.encode()).decode().rstrip("=")


def original_id(tool_use_id: str) -> str:
    """The id that `anthropic_id` wrote; any other unchanged."""
    if not tool_use_id.startswith(_PREFIX):
        return tool_use_id
    written = tool_use_id.removeprefix(_PREFIX)
    try:
        call_id = urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode()
    except ValueError:
        return tool_use_id
    return call_id if anthropic_id(call_id) == tool_use_id else tool_use_id
