"""Anthropic's list of models, in pages.

Source: platform.claude.com/docs/en/api/models-list, and the types of the package `anthropic`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.errors.base import InvalidRequest, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.formats.base import ListedModel

PATH = "/v1/models"
_MOST = 1000
# Members that may be null, and are unknown of a route.
_UNKNOWN = dict.fromkeys(("capabilities", "deprecated_at", "line", "max_input_tokens", "max_tokens", "retires_at"))


def model_info(model: ListedModel) -> dict[str, Any]:
    """The object of one model."""
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": datetime.fromtimestamp(model.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        **_UNKNOWN,
    }


def model_page(models: Sequence[ListedModel], query: Mapping[str, str]) -> dict[str, Any]:
    """A page: the models after `after_id`, before `before_id`, and at most `limit` of them.

    Without `limit` the page holds all, where Anthropic's holds 20: clients that read one page only miss nothing.

    Raises:
        InvalidRequest: `limit` is no number from 1 to 1000, or an id is none of a model.
    """
    ids = [model.id for model in models]
    start = _position(ids, query, "after_id", -1) + 1
    end = _position(ids, query, "before_id", len(ids))
    page = models[start:end]
    limit = _limit(query)
    # A client that goes backwards wants the page next to the id.
    shown = page[-limit:] if "before_id" in query and "after_id" not in query else page[:limit]
    return {
        "data": [model_info(model) for model in shown],
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
        "has_more": len(shown) < len(page),
    }


def _position(ids: Sequence[str], query: Mapping[str, str], name: str, default: int) -> int:
    if name not in query:
        return default
    if query[name] not in ids:
        raise InvalidRequest(
            f"Invalid value for '{name}': no model is called '{shorten(query[name])}'. "
            "Send an id from the page before, or leave it out.",
            param=name,
            code="invalid_value",
        )
    return ids.index(query[name])


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(_MOST))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST)) and 1 <= int(text) <= _MOST):
        raise InvalidRequest(
            f"Invalid value for 'limit': expected a number from 1 to {_MOST}. Send one, or leave it out.",
            param="limit",
            code="invalid_value",
        )
    return int(text)
