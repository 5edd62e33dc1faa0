"""Reproduction of a failed row: a script, a log excerpt, and checksums."""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from keywords.engine.evidence.files import Redact, WrittenExchange

LOG_TAIL_BYTES = 64 * 1024
MANIFEST = "MANIFEST.sha256"
KEY_HEADERS = {"authorization": "Bearer $GATEWAY_API_KEY"}
"""Replacement of a redacted header; any other header gets the bare key."""
OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent"}
"""Headers that belong to the client and its connection, not to the request."""

_SCRIPT_HEAD = """\
#!/bin/sh
# Sends again what this row sent: all of it, or one exchange by its number: sh curl.sh 3
# GATEWAY_URL (default: {origin}) says where to; GATEWAY_API_KEY holds the key, if the gateway wants one.
cd "$(dirname "$0")" || exit 1
GATEWAY_URL="${{GATEWAY_URL:-{origin}}}"
GATEWAY_API_KEY="${{GATEWAY_API_KEY:-}}"
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
    origin = _origin(exchanges[0].exchange.url)
    head = _SCRIPT_HEAD.format(origin=origin, unreachable=CURL_CANNOT_CONNECT)
    parts = [head, *(_curl(one, origin) for one in exchanges), _SCRIPT_TAIL]
    script = folder / "curl.sh"
    script.write_bytes(redact("\n".join(parts).encode("utf-8", "backslashreplace")))
    script.chmod(0o755)
    return script


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _curl(written: WrittenExchange, origin: str) -> str:
    exchange = written.exchange
    number = f"{written.number:02}"
    if exchange.url.startswith(origin + "/"):
        url = f'"$GATEWAY_URL"{shlex.quote(exchange.url.removeprefix(origin))}'
    else:
        url = shlex.quote(exchange.url)
    words = ["curl", "--silent", "--show-error", "--no-buffer", "--include", "--max-time 300", "--path-as-is"]
    words += ["--globoff", f"--request {shlex.quote(exchange.method)}", url]
    words += [f"--header {header}" for header in _headers(exchange.request_headers)]
    notes = [f"# {number}: was answered {exchange.status or exchange.failure or 'with nothing'}"]
    if written.request:
        words.append(f"--data-binary @{written.request.file}")
        if not written.request.whole:
            notes.append(
                f"# The stored body is not the whole body of {written.request.bytes} bytes, see {written.file}"
            )
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


def _headers(headers: Mapping[str, str]) -> list[str]:
    sent = {name.lower() for name in headers}
    lines = []
    for name, value in headers.items():
        if name.lower() in OWN_HEADERS:
            continue
        if "<secret>" in value:
            lines.append(f'"{name}: {KEY_HEADERS.get(name.lower(), "$GATEWAY_API_KEY")}"')
        else:
            lines.append(shlex.quote(f"{name}: {value}" if value else f"{name};"))
    # curl adds these itself unless they are named.
    lines += [shlex.quote(f"{name}:") for name in ("Content-Type", "Accept", "Expect") if name.lower() not in sent]
    return lines


def write_readme(folder: Path, *, row: str, message: str, command: str, redact: Redact) -> Path:
    """Write `README.md`: the failure, and the command lines that repeat it."""
    text = f"""\
# {row}

```
{message}
```

Run the row again, from the root of the repository:

```
{command}
```

Send its requests again, without Robot Framework: `sh curl.sh`, or one of them: `sh curl.sh 1`.
`GATEWAY_URL` and `GATEWAY_API_KEY` in the environment say where to and with which key. A gateway that the run had
started for itself is gone; `gateway serve` starts another.

`row.json` holds the versions, the model and its parameters; each `NN-exchange.json` holds one request, its answer and
the time of each piece of it, with the bodies beside it. Each `gateway-*.log` is what a gateway that
the run had started logged during this row. `{MANIFEST}` holds the checksums: `sha256sum -c {MANIFEST}`.
"""
    readme = folder / "README.md"
    readme.write_bytes(redact(text.encode("utf-8", "backslashreplace")))
    return readme


def write_log_tail(folder: Path, log: Path, start: int, redact: Redact) -> Path:
    """Copy the log from a position to its end, at most its last 64 KiB.

    Args:
        folder: the row's evidence folder.
        log: a gateway's log file; the copy has its name.
        start: its size in bytes when the row began.
        redact: removes protected values from bytes.
    """
    with log.open("rb") as stream:
        stream.seek(start)
        # Redact before cutting: the rest of a cut secret would not be recognised.
        tail = redact(stream.read())[-LOG_TAIL_BYTES:]
    copy = folder / log.name
    copy.write_bytes(tail)
    return copy


def write_manifest(folder: Path) -> None:
    """Write the SHA-256 of every file in the folder, in the format of `sha256sum`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")
