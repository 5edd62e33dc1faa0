"""What a key from the environment must look like, so that a request header can carry it."""

from __future__ import annotations

_QUOTES = ("'", '"')


def fault_of_secret(value: str) -> tuple[str, str] | None:
    """What is wrong with a key, as words that follow its name, and the remedy; None if a header can carry it.

    A header takes visible ASCII (RFC 9110, section 5.5); a line end within a key would begin a header of its own. The
    words never repeat the key.
    """
    if value.lower().startswith("bearer "):
        return "begins with 'Bearer '", "leave that out, for the gateway writes it"
    if value != value.strip():
        return (
            "begins or ends with a blank or a line end",
            "set it without, as `printf %s` writes it and `echo` does not",
        )
    if value.startswith(_QUOTES) or value.endswith(_QUOTES):
        return "begins or ends with a quote", "set it without quotes"
    if not value.isascii():
        return "holds a character beyond ASCII", "copy the key again"
    if not value.isprintable() or " " in value:
        return "holds a blank, a line end or another control character", "copy the key again"
    return None
