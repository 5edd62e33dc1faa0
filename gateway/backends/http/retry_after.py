"""The wait that a backend requests in its response headers."""

from __future__ import annotations

import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)


def retry_after_s(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """The requested wait in seconds; None if there is none, or in no known form.

    Args:
        headers: the response headers: `retry-after-ms`, `x-ms-retry-after-ms` (Azure) or `retry-after`, the last as
            seconds or as an HTTP date (RFC 9110, section 10.2.3). The first of them counts. Such a date is compared
            with the backend's own clock, where `date` tells it.
        now: the clock without a `date`, in seconds since 1970.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        wait_ms = _number(headers.get(name))
        if wait_ms is not None:
            return wait_ms / 1000
    text = headers.get("retry-after")
    wait_s = _number(text)
    if wait_s is not None or text is None:
        return wait_s
    until = _timestamp(text)
    if until is None:
        return None
    since = _timestamp(headers.get("date", ""))
    return max(0.0, until - (now() if since is None else since))


def _timestamp(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return (date.replace(tzinfo=UTC) if date.tzinfo is None else date).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None
