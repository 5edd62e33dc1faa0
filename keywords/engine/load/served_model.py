"""Model that a server serves, as far as the server tells: two runs of one name may be of two models.

Ollama tells a digest (`/api/tags`). vLLM names the weights (`root` in `/v1/models`). llama.cpp's server tells their
size and number of parameters (`meta` there). Versions: `/api/version` of Ollama, `/version` of vLLM, `/health` of this
gateway.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

from keywords.engine.http.exchange import parse_json
from keywords.engine.http.probe import fetch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.load.plan import Target

_TIMEOUT_S = 2.0
_LONGEST = 300
_MOST_FACTS = 100
_TOO_LARGE = 1e300


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What a server tells of its model; None is what it does not tell.

    Attributes:
        model: the name that was asked for.
        digest: of the weights.
        weights: where they came from.
        facts: numbers about them, such as their parameters.
        server: name and version of the server.
    """

    model: str
    digest: str | None
    weights: str | None
    facts: dict[str, int | float]
    server: str | None

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return asdict(self)


def look_at_model(target: Target) -> ServedModel:
    """Ask a server about the model of a load run; it costs no token, and no answer is no failure."""
    listed = _entry(_ask(target, "/v1/models"), "data", target.model)
    tagged = _entry(_ask(target, "/api/tags"), "models", target.model)
    meta = listed.get("meta")
    numbers = meta.items() if isinstance(meta, dict) else ()
    return ServedModel(
        model=target.model,
        digest=_text(tagged.get("digest")) or _text(listed.get("digest")),
        weights=_text(listed.get("root")),
        facts={name[:_LONGEST]: value for name, value in islice(numbers, _MOST_FACTS) if _is_number(value)},
        server=_server(target),
    )


def same_model(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool | None:
    """Whether a server told the same of its model before and after a run; None if it told nothing of it.

    Args:
        before: `ServedModel.as_json()` at the start.
        after: the same at the end.
    """
    told = [{name: value for name, value in each.items() if name != "model" and value} for each in (before, after)]
    # A server that is gone at the end has not changed its model.
    if all(told) and told[0] != told[1]:
        return False
    # The version of a server is none of its model.
    return True if all(each.keys() & {"digest", "weights", "facts"} for each in told) else None


def model_cautions(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """That a server changed its model during a run; empty if it did not."""
    if same_model(before, after) is not False:
        return ()
    changed = ", ".join(
        f"{name} {before.get(name)} to {after.get(name)}" for name in before if before[name] != after[name]
    )
    return (f"the server's model changed during the run, by what it tells: {changed}; its numbers are of both",)


def _server(target: Target) -> str | None:
    for name, path in (("Ollama", "/api/version"), ("vLLM", "/version"), ("", "/health")):
        answer = _ask(target, path)
        version = _text(answer.get("version"))
        if version is not None:
            return f"{_text(answer.get('service')) or name} {version}".strip()
    return None


def _entry(answer: dict[str, Any], field: str, model: str) -> dict[str, Any]:
    entries = answer.get(field)
    names = {model, f"{model}:latest"}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and ({_text(entry.get("id")), _text(entry.get("name"))} & names):
            return entry
    return {}


def _ask(target: Target, path: str) -> dict[str, Any]:
    url = target.url.rstrip("/").removesuffix("/v1")
    status, body = fetch(f"{url}{path}", api_key=target.api_key, timeout_s=_TIMEOUT_S)
    try:
        answer = parse_json(body) if status == HTTPStatus.OK else None
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {}


def _is_number(value: object) -> bool:
    """Whether it is one that the store holds; a server may write 1e999."""
    return isinstance(value, int | float) and abs(value) < _TOO_LARGE


def _text(value: object) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) and value else None
