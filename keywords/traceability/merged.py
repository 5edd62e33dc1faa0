"""Rows of an output.xml that `rebot` made from several runs: Robot keeps what a row did before only in its message."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_RERUN = re.compile(r'\*HTML\* <span class="merge">(?:Test|Task) has been re-executed and results merged\.</span><hr>')
_NEW = re.compile(
    r'<span class="new-message">New message:</span> (.*?)<br>(?=<hr><span class="old-status">)', re.DOTALL
)
_OLD_STATUS = re.compile(r'<span class="old-status">Old status:</span> <span class="\w+">(\w+)</span>')
_ADDED = re.compile(r"\*HTML\* (?:Test|Task) added from merged output\.(?:<hr>)?")
_IGNORED = re.compile(r"\*HTML\* (?:Test|Task) has been re-executed and results merged\. Latter result had ")
_ORIGINAL = "<hr>Original message:\n"


@dataclass(frozen=True, slots=True)
class Merged:
    """What the message of a row says about the runs that it was merged from.

    Attributes:
        message: the message of the result that counts, as plain text.
        replaced: statuses of the earlier results that it replaced, the latest first.
        is_merged: whether Robot merged this row at all.
    """

    message: str
    replaced: tuple[str, ...] = ()
    is_merged: bool = False


def unmerge(message: str) -> Merged:
    """Read the message of a row; one that was not merged stays as it is."""
    if _RERUN.match(message):
        new = _NEW.search(message)
        return Merged(_plain(new[1]) if new else "", tuple(_OLD_STATUS.findall(message)), is_merged=True)
    if match := _ADDED.match(message):
        return Merged(_plain(message[match.end() :]), is_merged=True)
    if _IGNORED.match(message):
        return Merged(_plain(message.partition(_ORIGINAL)[2]), is_merged=True)
    return Merged(message)


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", text.replace("<br>", "\n"))).strip()
