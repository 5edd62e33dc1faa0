"""Canaries: unique words in the place of secrets, searched for in all sinks of a gateway."""

import glob
import secrets
from http import HTTPStatus
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
            known: a request's id, as the control: it must be in each file or its companions, and in a span.

        Raises:
            AssertionError: a word was found, the known one was not, or the metrics page is no 200. The message shows
                no secret.
        """
        groups = {file: {str(path): path.read_bytes() for path in _companions(file)} for file in files}
        page = target.client().send("GET", "/metrics", body=None, headers={})
        if page.status != HTTPStatus.OK:
            raise AssertionError(f"/metrics answered {page.status}")
        sinks = {name: content for group in groups.values() for name, content in group.items()}
        sinks["/metrics"] = page.body
        sinks["traces and metrics sent"] = b"\n".join(receiver.bodies)
        logger.info(f"Looked through {', '.join(f'{name} ({len(content)} bytes)' for name, content in sinks.items())}")
        without = [
            str(file)
            for file, group in groups.items()
            if not any(known.encode() in content for content in group.values())
        ]
        if not any(known in span.attributes.values() for span in receiver.spans):
            without.append("the traces")
        if without:
            raise AssertionError(
                f"The request's id is not in {', '.join(without)}: not written yet, or the wrong place."
            )
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


def _companions(file: Path) -> list[Path]:
    """The file and those beside it whose names begin alike."""
    return sorted(file.parent.glob(f"{glob.escape(file.name)}*"))
