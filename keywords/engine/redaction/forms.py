"""Encoded forms in which a secret may stand in a text, beside the escapes that are decoded."""

from __future__ import annotations

import base64

SHORTEST = 8
"""Characters of the shortest secret, and of the shortest piece of one, that is looked for: any fewer of them stand in
innocent texts, too."""


def forms(secret: bytes) -> set[bytes]:
    """The forms of a secret: plain, in base64, in hexadecimal digits, in UTF-16; all in lower case."""
    hexadecimal = {secret.hex(), secret.hex(" "), secret.hex(":")}
    wide = b"\0".join(secret[place : place + 1] for place in range(len(secret)))
    found = {secret, wide, *(form.encode() for form in hexadecimal), *_base64(secret)}
    return {form.lower() for form in found if len(form) >= SHORTEST}


def _base64(secret: bytes) -> set[bytes]:
    """The part of a base64 text that depends on the secret alone, wherever the secret begins in the encoded bytes."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret)
        start, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        found |= {encoded[start:end], encoded[start:end].replace(b"+", b"-").replace(b"/", b"_")}
    return found
