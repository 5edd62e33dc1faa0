"""Canaries: unique words in the place of secrets, searched for in all sinks of a gateway."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret

from keywords.engine.processes.trace_receiver import OtlpReceiver
from keywords.run import target


@library(scope="GLOBAL", doc_format="MARKDOWN")
class CanariesLibrary:
    """Plant unique words and search for them.

    ```robotframework
    @{words} =    New Canaries    2
    ${answer} =    Ask    Remember ${words}[0].    system=${words}[1]
    ${id} =    Get Header    ${answer}    x-request-id
    Sinks Should Not Contain    ${words}    ${gateway.log}    ${ledger}    receiver=${receiver}    known=${id}
    ```
    """

    @keyword
    def new_canaries(self, count: int) -> list[str]:
        """Random words that occur nowhere else."""
        return [f"canary{secrets.token_hex(12)}" for _ in range(count)]

    @keyword
    def sinks_should_not_contain(
        self, words: list[str | Secret], *files: Path, receiver: OtlpReceiver, known: str
    ) -> None:
        """Search files and their companions, the metrics page and a receiver's traces and metrics for words.

        Args:
            words: the words that must not be there.
            files: logs and ledgers; files beside them whose names begin alike, such as SQLite's, are searched too.
            receiver: the receiver of traces and metrics.
            known: a word that must be in the files and the traces, as the control: a request's id.

        Raises:
            AssertionError: a word was found, or the known one was not. The message shows no secret.
        """
        sinks = {str(path): path.read_bytes() for path in _companions(files)}
        sinks["/metrics"] = target.client().send("GET", "/metrics", body=None, headers={}).body
        sinks["traces and metrics sent"] = b"\n".join(receiver.bodies)
        holding = [name for name, content in sinks.items() if known.encode() in content]
        logger.info(f"Looked through {', '.join(f'{name} ({len(content)} bytes)' for name, content in sinks.items())}")
        if len(holding) < len(files) + 1:
            raise AssertionError(f"The request's id stands in no more than {holding}: the others were not written yet.")
        found = [
            f"{name} holds the {number}. word, at byte {at}"
            for name, content in sinks.items()
            for number, word in enumerate(words, 1)
            if (at := content.find((word.value if isinstance(word, Secret) else word).encode())) >= 0
        ]
        if found:
            raise AssertionError("\n".join(found))

    @keyword
    def files_should_not_contain(self, word: str | Secret, folder: Path) -> None:
        """Search every file below a folder, such as the evidence of a run, for a word.

        Raises:
            AssertionError: a file contains it, or there is no file.

        ```robotframework
        Files Should Not Contain    ${word}    ${folder}
        ```
        """
        secret = (word.value if isinstance(word, Secret) else word).encode()
        files = [path for path in folder.rglob("*") if path.is_file()]
        holding = [str(path) for path in files if secret in path.read_bytes()]
        logger.info(f"Looked through {len(files)} files")
        if holding or not files:
            raise AssertionError(f"{len(files)} files in {folder}; found in {holding}")


def _companions(files: Iterable[Path]) -> list[Path]:
    return [path for file in files for path in sorted(file.parent.glob(f"{file.name}*"))]
