"""Reproduction of a failed row: a script, a log excerpt, and checksums."""

from __future__ import annotations

import hashlib
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keywords.engine.http.recorder import BASIC, MASK, SECRET_HEADERS
from keywords.engine.redaction.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from keywords.engine.evidence.files import Redact, WrittenExchange
    from keywords.engine.http.exchange import Exchange

LOG_TAIL_BYTES = 64 * 1024
MANIFEST = "MANIFEST.sha256"
MASKED_HEADERS = {
    "authorization": ("Bearer ", "$GATEWAY_API_KEY"),
    "proxy-authorization": ("Bearer ", "$GATEWAY_API_KEY"),
    "cookie": ("", "$GATEWAY_COOKIE"),
}
"""Beginning of a header that the recorder masked, and the variable that replaces the mask."""
ANY_MASKED_HEADER = ("", "$GATEWAY_API_KEY")
OWN_HEADERS = {"host", "content-length", "connection", "accept-encoding", "user-agent"}
"""Headers that belong to the client and its connection, not to the request."""
HEAD = "HEAD"
_VERSION = "/v1/"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_SCRIPT_HEAD = """\
#!/bin/sh
# Sends again what this row sent: all of it, or one exchange by its number: sh curl.sh 3
# GATEWAY_URL says where to, if not to where the row sent it. GATEWAY_API_KEY holds the key, GATEWAY_USER user:password
# and GATEWAY_COOKIE the cookies, if the row sent any: they stand in no file. Where the row sent a wrong key, give that.
cd "$(dirname "$0")" || exit 1
[ -n "${{GATEWAY_URL:-}}" ] || GATEWAY_URL={base}
GATEWAY_URL="${{GATEWAY_URL%/}}"
GATEWAY_URL="${{GATEWAY_URL%/v1}}"
GATEWAY_API_KEY="${{GATEWAY_API_KEY:-}}"
GATEWAY_USER="${{GATEWAY_USER:-}}"
GATEWAY_COOKIE="${{GATEWAY_COOKIE:-}}"
only="${{1:-}}"
status=0
failed() {{
  [ "$status" -ne 0 ] || status=$1
  [ "$1" -ne {unreachable} ] || echo 'Nothing listens there: a gateway that the run had started ended with the run.
Start one with: gateway serve
Then send to it: GATEWAY_URL=http://127.0.0.1:8080 sh curl.sh' >&2
}}
"""
_SCRIPT_TAIL = """\
# 0, or how the first curl that failed ended.
exit "$status"
"""
CURL_CANNOT_CONNECT = 7
"""Exit code of curl; https://curl.se/libcurl/c/libcurl-errors.html"""


def write_curl_script(folder: Path, written: Iterable[WrittenExchange], redact: Redact) -> Path | None:
    """Write `curl.sh`, which repeats the exchanges in order.

    Args:
        folder: the row's evidence folder; the script reads its request bodies.
        written: the exchanges on disk.
        redact: removes protected values from bytes.

    Returns:
        The script; None if the row sent nothing.
    """
    exchanges = list(written)
    if not exchanges:
        return None
    quoted = _Quoted(redact)
    base = _base_url([one.exchange.url for one in exchanges])
    head = _SCRIPT_HEAD.format(base=quoted(base), unreachable=CURL_CANNOT_CONNECT)
    parts = [head, *(_curl(one, base, quoted) for one in exchanges), _SCRIPT_TAIL]
    script = folder / "curl.sh"
    script.write_bytes("\n".join(parts).encode("utf-8", "backslashreplace"))
    script.chmod(0o755)
    return script


class _Quoted:
    """Words for a shell, without secrets: a mark within an unquoted word would redirect."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(self, text: str) -> str:
        return shlex.quote(self.plain(text))

    def comment(self, text: object) -> str:
        """A text on one line."""
        return " ".join(printable(self.plain(str(text))).split())

    def plain(self, text: str) -> str:
        return self._redact(text.encode("utf-8", "backslashreplace")).decode("utf-8", "replace")


def _base_url(urls: list[str]) -> str:
    """The address of the server without `/v1`; it may have a path of its own, such as `https://host/api`."""
    first = next((url for url in urls if _VERSION in url), urls[0])
    parts = urlsplit(first)
    own_path = parts.path.partition(_VERSION)[0] if _VERSION in parts.path else ""
    return f"{parts.scheme}://{parts.netloc}{own_path}"


def _curl(written: WrittenExchange, base: str, quoted: _Quoted) -> str:
    exchange = written.exchange
    number = f"{written.number:02}"
    # Neither a proxy nor a configuration of this user: the row's client had none.
    words = ["curl -q --noproxy '*'", "--silent", "--show-error", "--no-buffer", "--include", "--max-time 300"]
    words += ["--path-as-is", "--globoff", _method(exchange)]
    if exchange.url.startswith(base + "/"):
        words.append(f'--url "$GATEWAY_URL"{quoted(exchange.url.removeprefix(base))}')
    else:
        words.append(f"--url {quoted(exchange.url)}")
    notes = [f"# {number}: {quoted.comment(_outcome(exchange))}"]
    words += _headers(exchange.request_headers, quoted, notes)
    words += _body(written, notes)
    command = " \\\n    ".join(words)
    condition = f'if [ -z "$only" ] || [ "$only" = "{written.number}" ]; then'
    return "\n".join(
        [
            *notes,
            condition,
            f"  printf '%s\\n' {shlex.quote(f'== {number}')}",
            f"  {command} || failed $?",
            "  echo",
            "fi",
            "",
        ]
    )


def _outcome(exchange: Exchange) -> str:
    answered = f"was answered {exchange.status}" if exchange.status else "was not answered"
    return f"{answered}; {exchange.failure}" if exchange.failure else answered


def _method(exchange: Exchange) -> str:
    # With any other option curl waits for the body that the answer's head announces.
    return "--head" if exchange.method == HEAD else f"--request {shlex.quote(exchange.method)}"


def _body(written: WrittenExchange, notes: list[str]) -> list[str]:
    exchange = written.exchange
    if written.request is None:
        # Without data, curl announces no length.
        return ["--data-binary ''"] if exchange.request_headers.get("content-length") == "0" else []
    if exchange.method == HEAD:
        notes.append(f"# curl sends no body with HEAD; the row sent {written.request.file}")
        return []
    if not written.request.whole:
        notes.append(f"# The stored body is not the whole body of {written.request.bytes} bytes, see {written.file}")
    return [f"--data-binary @{written.request.file}"]


def _headers(headers: Mapping[str, str], quoted: _Quoted, notes: list[str]) -> list[str]:
    sent = {name.lower() for name in headers}
    words = []
    for name, value in headers.items():
        if name.lower() in OWN_HEADERS:
            continue
        if not _HEADER_NAME.fullmatch(name) or "\n" in value or "\r" in value:
            notes.append(f"# curl cannot send the header {quoted.comment(repr(name))}")
        elif name.lower() not in SECRET_HEADERS or value not in {MASK, BASIC}:
            words.append(f"--header {quoted(f'{name}: {value}' if value else f'{name};')}")
        elif value == BASIC:
            words.append('--user "$GATEWAY_USER"')
        else:
            begin, variable = MASKED_HEADERS.get(name.lower(), ANY_MASKED_HEADER)
            words.append(f'--header {shlex.quote(f"{name}: {begin}")}"{variable}"')
    # curl adds these itself unless they are named.
    added = [name for name in ("Content-Type", "Accept", "Expect") if name.lower() not in sent]
    return words + [f"--header {shlex.quote(f'{name}:')}" for name in added]


def write_readme(folder: Path, *, row: str, message: str, command: str, redact: Redact) -> Path:
    """Write `README.md`: the failure, and the command lines that repeat it."""
    runs = re.findall("`{3,}", message)
    fence = max(runs, key=len) + "`" if runs else "```"
    text = f"""\
# {row}

{fence}
{message}
{fence}

Run the row again, from the root of the repository:

```
{command}
```

Send its requests again, without Robot Framework: `sh curl.sh`, or one of them: `sh curl.sh 1`.
`GATEWAY_URL` and `GATEWAY_API_KEY` in the environment say where to and with which key; `GATEWAY_USER` holds
user:password, if the address had them. A gateway that the run had
started for itself is gone; `gateway serve` starts another.

`row.json` holds the versions, the model and its parameters; each `NN-exchange.json` holds one request, its answer and
the time of each piece of it, with the bodies beside it. Each `gateway-*.log` is what a gateway that the row, or the
suite in the log's name, had started logged during this row. `{MANIFEST}` holds the checksums:
`sha256sum -c {MANIFEST}`.
"""
    readme = folder / "README.md"
    readme.write_bytes(redact(text.encode("utf-8", "backslashreplace")))
    return readme


def write_log_tail(copy: Path, log: Path, start: int, redact: Redact) -> Path:
    """Copy the log from a position to its end, at most its last 64 KiB.

    Args:
        copy: the file to write, in the row's evidence folder.
        log: a gateway's log file.
        start: its size in bytes when the row began.
        redact: removes protected values from bytes.
    """
    with log.open("rb") as stream:
        stream.seek(start)
        # Redact before cutting: the rest of a cut secret would not be recognised.
        tail = redact(stream.read())[-LOG_TAIL_BYTES:]
    copy.write_bytes(tail)
    return copy


def write_manifest(folder: Path) -> None:
    """Write the SHA-256 of every file in the folder, in the format of `sha256sum`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")
