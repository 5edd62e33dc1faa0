"""Decides from a backend's words whether a 403 or another 4xx blames what the client wrote, or the gateway's key.

The status does not tell: moderation answers 403 at OpenRouter (openrouter.ai/docs/api-reference/errors) and xAI, 400 at
OpenAI and Azure, 446 at Portkey, 424 at Cloudflare's AI Gateway; and 403 is a key without a permission as well.
"""

from __future__ import annotations

import re
from typing import Any

_WRITTEN = (
    r"\b(?:prompts?|inputs?|contents?|messages?|texts?|images?|conversations?|quer(?:y|ies)|questions?|outputs?)\b"
)
_ACCOUNT = (
    r"\b(?:accounts?|organi[sz]ations?|workspaces?|subscriptions?|projects?|teams?|keys?|tokens?|credentials?|users?|ips?"
    r"|ip address(?:es)?)\b"
)
# Only moderation speaks like this.
_MODERATION = re.compile(
    r"flagged|moderat|unsafe|harmful|inappropriate|guard_?rail|jailbreak|responsible ?ai|sensitive content"
    r"|(?:content|usage|safety|acceptable use|prompt)[ _-]?(?:filter|polic|guideline|management|check|system|violation)"
    r"|prompt[ _-]?(?:injection|attack|threat|shield|block)|data[ _-]?inspection",
    re.IGNORECASE,
)
# These words are said of keys and accounts too.
_REFUSED = r"(?:blocked|violat\w*|filtered|prohibited|disallowed|not allowed|rejected|refused|illegal|sensitive)"
_WRITTEN_REFUSED = re.compile(
    rf"{_WRITTEN}[^.]{{0,80}}\b{_REFUSED}|\b{_REFUSED}\b[^.]{{0,80}}{_WRITTEN}", re.IGNORECASE
)
_ABOUT_ACCOUNT = re.compile(
    rf"{_ACCOUNT}[^.]{{0,40}}\b(?:flagged|suspended|disabled|deactivated|banned|restricted|{_REFUSED})"
    r"|\b(?:permissions?|scopes?|credentials?|unauthori[sz]ed|authenticat\w*|billing|api[ _-]?key is|country|region)\b",
    re.IGNORECASE,
)
# OpenRouter's and Azure's fields beside the message.
_FIELDS = ("flagged_input", "reasons", "content_filter_result", "content_filter_results")


def blames_request(error: dict[str, Any]) -> bool:
    """Whether an error object says that the request's text is to blame.

    Args:
        error: with `message`; reads `type` and `code` too, and the fields of moderation below `metadata` and
            `innererror`.
    """
    inner = [error.get(name) for name in ("metadata", "innererror")]
    if any(isinstance(fields, dict) and any(fields.get(name) for name in _FIELDS) for fields in inner):
        return True
    words = " ".join(str(error[name]) for name in ("code", "type") if isinstance(error.get(name), str))
    if _MODERATION.search(words):
        return True
    message = error["message"]
    if _ABOUT_ACCOUNT.search(message):
        return bool(re.search(rf"^\W*(?:your |the )?{_WRITTEN}", message, re.IGNORECASE)) and bool(
            _MODERATION.search(message) or _WRITTEN_REFUSED.search(message)
        )
    return bool(_MODERATION.search(message) or _WRITTEN_REFUSED.search(message))
