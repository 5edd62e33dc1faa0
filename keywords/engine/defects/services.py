"""Servers whose health, lists or connections are wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from keywords.engine.defects.changes import is_chat, on_answer, on_object
from keywords.engine.defects.defect import Defect
from keywords.engine.defects.exchange import one_part
from keywords.engine.defects.times import HANG_S, SLOW_S, delayed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from keywords.engine.defects.changes import Fields
    from keywords.engine.defects.exchange import Answer, Request

_DIMENSIONS_KEPT: Final = 8
_BYTES_LOST: Final = 10


def _is_health(request: Request) -> bool:
    return request.path.startswith("/health")


def _broken_health(request: Request, answer: Answer) -> None:
    if _is_health(request):
        answer.replace(HTTPStatus.INTERNAL_SERVER_ERROR, b'{"detail":"Internal Server Error"}')


def _closed_health(request: Request, answer: Answer) -> None:
    if _is_health(request) and request.key is None:
        message = b'{"error":{"message":"No key.","type":"invalid_request_error","param":null,"code":null}}'
        answer.replace(HTTPStatus.UNAUTHORIZED, message)


def _no_models(answer: Fields) -> None:
    if isinstance(answer.get("data"), list):
        answer["data"] = []


def _models_twice(answer: Fields) -> None:
    if isinstance(answer.get("data"), list):
        answer["data"] *= 2


def _vectors_swapped(answer: Fields) -> None:
    vectors = [one["embedding"] for one in answer["data"]]
    for one, vector in zip(answer["data"], vectors[::-1], strict=True):
        one["embedding"] = vector


def _vectors_cut(answer: Fields) -> None:
    for one in answer["data"]:
        if isinstance(one["embedding"], list):
            one["embedding"] = one["embedding"][:_DIMENSIONS_KEPT]


def _first_vector_only(answer: Fields) -> None:
    answer["data"] = answer["data"][:1]


def _closes(_request: Request, answer: Answer) -> None:
    answer.closes = True


async def _shortened(body: AsyncIterator[bytes], answer: Answer) -> AsyncIterator[bytes]:
    whole = b"".join([part async for part in body])
    answer.headers["content-length"] = str(max(0, len(whole) - _BYTES_LOST))
    async for part in one_part(whole):
        yield part


def _short_length(request: Request, answer: Answer) -> None:
    if is_chat(request) and not answer.is_stream:
        answer.parts = _shortened(answer.parts, answer)


def _no_request_id(_request: Request, answer: Answer) -> None:
    answer.headers.popall("x-request-id", None)


SERVICES: Final = (
    Defect(
        "health answers 500",
        "A load balancer takes a sound server out of service.",
        ("HLTH-001", "HLTH-007"),
        on_answer(_broken_health),
        ("answer",),
    ),
    Defect(
        "health 3 s late",
        "Probes run into their limit, and a sound server is restarted.",
        ("HLTH-005", "HLTH-008"),
        delayed(SLOW_S, _is_health),
        ("time",),
    ),
    Defect(
        "health needs a key",
        "Probes, which have no key, take the server for dead.",
        ("HLTH-004", "HLTH-007"),
        on_answer(_closed_health),
        ("answer",),
    ),
    Defect(
        "HEAD hangs",
        "Monitors and link checkers wait without end.",
        ("WIRE-001",),
        delayed(HANG_S, lambda request: request.method == "HEAD"),
        ("time",),
    ),
    Defect(
        "list of models empty",
        "A client offers no model to choose.",
        ("MODL-001",),
        on_object(_no_models, path="/v1/models"),
        ("answer.data",),
        stops_run="lists no model in /v1/models",
    ),
    Defect(
        "models listed twice",
        "Each model is offered twice.",
        ("MODL-001",),
        on_object(_models_twice, path="/v1/models"),
        ("answer.data",),
    ),
    Defect(
        "vectors of several texts mixed up",
        "A search finds the wrong documents.",
        ("EMBD-001", "ANSW-014"),
        on_object(_vectors_swapped, path="/v1/embeddings"),
        ("answer.data",),
    ),
    Defect(
        "vectors cut",
        "A search is far less exact than was paid for, or its index refuses the vectors.",
        ("ANSW-014",),
        on_object(_vectors_cut, path="/v1/embeddings"),
        ("answer.data",),
    ),
    Defect(
        "only the first text becomes a vector",
        "Documents are missing from a search without notice.",
        ("EMBD-001",),
        on_object(_first_vector_only, path="/v1/embeddings"),
        ("answer.data",),
    ),
    Defect(
        "connection closed after each answer without notice",
        "The next request on the connection fails at random.",
        ("WIRE-003",),
        on_answer(_closes),
        ("connection",),
    ),
    Defect(
        "content-length too small",
        "Each answer is cut, and is no JSON.",
        ("ANSW-005", "CHAT-001"),
        on_answer(_short_length),
        ("answer",),
    ),
    Defect(
        "request id missing",
        "Nobody finds the request of a complaint in the log.",
        ("HEAD-001",),
        on_answer(_no_request_id),
        ("answer.header.x-request-id", "stream.header.x-request-id"),
    ),
)
