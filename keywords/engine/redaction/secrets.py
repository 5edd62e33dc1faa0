"""The secrets that a run knows, taken out of everything that it shows or writes.

A secret is found plain; in any mix of the escapes of JSON, Python, URLs and HTML, also nested; in base64, in
hexadecimal digits and in UTF-16; in upper or lower case; and spread over the events of a stream. A piece of at least 8
characters is found where a text was cut within a secret. Not found are secrets of fewer than 8 characters, which stand
in innocent texts too, those of more than 16,384, which no key has, and ciphers: a text that was encrypted, reversed or
compressed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.redaction.addresses import credentials
from keywords.engine.redaction.escapes import decode
from keywords.engine.redaction.forms import SHORTEST, forms
from keywords.engine.redaction.printable import printable
from keywords.engine.redaction.stream import has_events, spans_across_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keywords.engine.redaction.stream import Span

REDACTED = b"<secret>"
LONGEST = 16_384
"""Characters of the longest secret: a private key of 8,192 bits in PEM has some 6,400."""
TEXT_LIMIT = 1_000_000
"""Characters of one text that are shown."""
_NESTED = 4
_WORD_BYTES = 4
_SHIFTS = range(_WORD_BYTES)
_SURE_NAME = re.compile(r"(API_?KEYS?|PASSWORD|PASSWD)$", re.IGNORECASE)
_SECRET_NAME = re.compile(r"(KEYS?|TOKENS?|SECRETS?|CREDENTIALS?)$", re.IGNORECASE)
_PATH = re.compile(r"(~|\.{1,2})?[\\/]|[A-Za-z]:[\\/]")
_BASE64 = re.compile(r"/[A-Za-z0-9+/]+=*")
_LONGEST_WORD = 15
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_CREDENTIALS = re.compile(rb"(?<=://)[^\s/?#@'\"<>\\]*:[^\s/?#@'\"<>\\]*(?=@)")
_WORD = re.compile(rb"[A-Za-z0-9_-]")
_BARE = re.compile(rb"[A-Za-z0-9_.-]*")
"""Such as an id: it has neither escapes nor events, so a secret could stand in it only as it is."""
_BARE_TEXT = re.compile(r"[A-Za-z0-9_.-]*")
_CUT_AFTER = re.compile(rb"\s*(?:$|\.\.\.|\xe2\x80\xa6|\n    \[)")
"""What follows a place where a text was cut; the last is Robot Framework's remark."""
_CUT_BEFORE = re.compile(rb"(?:^|\.\.\.|\xe2\x80\xa6|\]\n)$")


class Secrets:
    """Secrets of a run; any thread may add to them."""

    def __init__(self) -> None:
        self._grams: dict[bytes, tuple[tuple[bytes, int], ...]] = {}
        self._words: frozenset[int] = frozenset()

    def protect(self, secret: str) -> bool:
        """Keep a value out of everything from now on.

        Returns:
            False if it is too short to be told from innocent texts, or longer than any key; then it is not looked for.
        """
        if not SHORTEST <= len(secret) <= LONGEST:
            return False
        plain = secret.encode("utf-8", "surrogatepass")
        grams, words = dict(self._grams), set(self._words)
        for form in forms(plain):
            ends = {0, len(form) - SHORTEST}
            # A piece from the middle is told apart only where the secret stands plain.
            places = range(len(form) - SHORTEST + 1) if form == plain.lower() else sorted(ends)
            for place in places:
                gram = form[place : place + SHORTEST]
                known = grams.get(gram, ())
                if (form, place) not in known:
                    grams[gram] = (*known, (form, place))
                    words.update(memoryview(gram[shift : shift + _WORD_BYTES]).cast("I")[0] for shift in _SHIFTS)
        # Grams first: who finds a word looks for them.
        self._grams = grams
        self._words = frozenset(words)
        return True

    def protect_address(self, url: str) -> None:
        """Keep the password in an address out of everything from now on."""
        for secret in credentials(url):
            self.protect(secret)

    def protect_environment(self, environment: Mapping[str, str]) -> None:
        """Keep the secrets of an environment out: of addresses, and of variables named as keys, tokens or passwords.

        A path is none, nor is a word such as `disabled`, unless it is an API key or a password.
        """
        for name, value in environment.items():
            if _ADDRESS.match(value):
                self.protect_address(value)
            elif (sure := _SURE_NAME.search(name)) or _SECRET_NAME.search(name):
                for part in value.replace(",", " ").split():
                    if not _is_path(part) and (sure or not _is_word(part)):
                        self.protect(part)

    def redact(self, data: bytes, mark: bytes = REDACTED) -> bytes:
        """Replace every secret by a mark."""
        if _BARE.fullmatch(data) and not self._places(data.lower()):
            return data
        return self.redact_pieces([data], mark)[0]

    def redact_pieces(self, pieces: Sequence[bytes], mark: bytes = REDACTED) -> list[bytes]:
        """Replace every secret in consecutive pieces by a mark, also one that lies across them."""
        data = b"".join(pieces)
        spans = _merged(self._spans(data))
        redacted, start = [], 0
        for piece in pieces:
            redacted.append(_cut_out(piece, start, spans, mark) if spans else piece)
            start += len(piece)
        return redacted

    def clean(self, text: str, mark: str = REDACTED.decode()) -> str:
        """A text without secrets, printable, and at most `TEXT_LIMIT` characters long."""
        if self.is_clean(text):
            return text
        left_out = len(text) - TEXT_LIMIT
        shown = text[:TEXT_LIMIT] if left_out > 0 else text
        data = shown.encode("utf-8", "surrogatepass")
        redacted = self.redact(data, mark.encode()) if len(data) >= SHORTEST else data
        if redacted != data:
            shown = _decoded(redacted)
        return printable(shown) + (f"… ({left_out} characters left out)" if left_out > 0 else "")

    def is_clean(self, text: str) -> bool:
        """Whether a text, such as an id, is surely without secrets: found in a fraction of the time of `clean`."""
        is_bare = len(text) < LONGEST and _BARE_TEXT.fullmatch(text) is not None
        return is_bare and not (self._words and self._places(text.lower().encode()))

    def _spans(self, data: bytes, depth: int = 0) -> list[Span]:
        spans = [*self._spans_as_written(data)]
        if depth < _NESTED:
            if has_events(data):
                spans += spans_across_events(data, lambda text: self._spans(text, depth + 1))
            if decoded := decode(data):
                spans += [decoded.source(*span) for span in self._spans(decoded.data, depth + 1)]
        return spans

    def _spans_as_written(self, data: bytes) -> Iterator[Span]:
        if b"://" in data:
            yield from (match.span() for match in _CREDENTIALS.finditer(data))
        lowered, done = data.lower(), 0
        for start in self._places(lowered):
            if start < done:
                continue
            for form, place in self._grams[lowered[start : start + SHORTEST]]:
                if span := _piece(data, lowered, form, start, place):
                    yield span
                    done = max(done, span[1] - SHORTEST + 1)

    def _places(self, lowered: bytes) -> list[int]:
        """Where the known pieces of `SHORTEST` characters stand, in order.

        Each has a whole word of four bytes among those at its first four places, wherever it stands. So the text is
        looked at word by word, which takes a tenth of the time that place by place does.
        """
        known = self._words
        if not known:
            return []
        words = memoryview(lowered)[: len(lowered) // _WORD_BYTES * _WORD_BYTES].cast("I")
        if known.isdisjoint(words):
            return []
        found = [number * _WORD_BYTES for number, word in enumerate(words) if word in known]
        starts = {max(place - shift, 0) for place in found for shift in _SHIFTS}
        return sorted(start for start in starts if lowered[start : start + SHORTEST] in self._grams)


def _piece(data: bytes, lowered: bytes, form: bytes, start: int, place: int) -> Span | None:
    """The span of a whole form, or of a piece of it that stands alone, around a place where both agree."""
    end, form_end = start + SHORTEST, place + SHORTEST
    while place and start and lowered[start - 1] == form[place - 1]:
        start, place = start - 1, place - 1
    while form_end < len(form) and end < len(lowered) and lowered[end] == form[form_end]:
        end, form_end = end + 1, form_end + 1
    is_head, is_tail = place == 0, form_end == len(form)
    if is_head and is_tail:
        return start, end
    if (is_head and _CUT_AFTER.match(data, end)) or (is_tail and _CUT_BEFORE.search(data[max(start - 8, 0) : start])):
        return start, end
    stands_alone = (is_head or not _WORD.match(data[start - 1 : start])) and (is_tail or not _WORD.match(data, end))
    return (start, end) if stands_alone and _looks_random(data[start:end]) else None


def _looks_random(piece: bytes) -> bool:
    """Whether a piece has digits and letters, or letters of both cases; a word of a language has neither."""
    text = piece.decode("latin-1")
    has_digits, has_letters = any(map(str.isdigit, text)), any(map(str.isalpha, text))
    return (has_digits and has_letters) or (text != text.lower() and text != text.upper())


def _is_path(value: str) -> bool:
    """Whether a value is a path. A secret in base64 may begin with a slash too, but with no folder of this machine."""
    if not _PATH.match(value):
        return False
    return not _BASE64.fullmatch(value) or Path("/", value.split("/")[1]).is_dir()


def _is_word(value: str) -> bool:
    """Whether a value is a word, such as `disabled` or `created_at`, that innocent texts have too."""
    return not _looks_random(value.encode()) and (len(value) <= _LONGEST_WORD or not value.isalnum())


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a piece of a secret ended within a character
        return data.decode("utf-8", "replace")


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut_out(piece: bytes, offset: int, spans: list[Span], mark: bytes) -> bytes:
    kept, last = bytearray(), 0
    for start, end in spans:
        low, high = max(start - offset, 0), min(end - offset, len(piece))
        if low < high:
            kept += piece[last:low] + mark
            last = high
    return bytes(kept + piece[last:])


SECRETS = Secrets()
"""The secrets of this process."""
