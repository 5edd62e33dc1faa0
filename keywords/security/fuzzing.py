"""Fuzzing: floods of broken requests, which a gateway must refuse properly."""

from collections import Counter
from datetime import timedelta
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.fuzz.flood import Finding, Flood, FloodTooSlowError, send_all
from keywords.engine.fuzz.malformed import generate
from keywords.run.assertions import verify
from keywords.run.context import current_target
from keywords.run.output_folder import work_folder
from keywords.run.row_message import append_test_message

Kind = Literal["server errors", "unanswered", "accepted", "malformed answers"]

_SHOWN_FINDINGS = 5


@library(scope="GLOBAL", doc_format="MARKDOWN")
class FuzzingLibrary:
    """Flood the target with broken requests and count its faults.

    ```robotframework
    ${flood} =    Send Malformed Requests    count=2000
    Get Finding Count    ${flood}    server errors    ==    0
    Get Finding Count    ${flood}    accepted    ==    0
    ```
    """

    @keyword
    def send_malformed_requests(
        self, count: int = 2000, *, seed: int = 1, time_limit: timedelta = timedelta(seconds=20)
    ) -> Flood:
        """Generate broken requests and send them to the target, one after the other.

        They break JSON, UTF-8, types, bounds, messages, content type, method, path, headers, and HTTP itself, at
        OpenAI's endpoints for chat, text completions and embeddings, and, where the target is this project's gateway,
        at Anthropic's for messages: each gets about as many. The log shows the first faults with the bytes to send
        again; the file `flood-<seed>.txt` among the workings of the row holds all of them.

        Args:
            count: number of requests, no two alike.
            seed: the same seed generates the same requests.
            time_limit: maximum time to send them; generating 2,000 takes a few seconds more.

        Returns:
            Statuses by endpoint and family, and all faults.

        Raises:
            FloodTooSlowError: the time was over before all were sent.
        """
        target = current_target()
        requests = generate(count, seed=seed, model=target.model, messages=target.is_our_gateway)
        logger.info(f"Generated {len(requests)} broken requests from seed {seed}")
        try:
            flood = send_all(
                requests,
                url=target.url,
                api_key=target.api_key.value if target.api_key else None,
                seed=seed,
                time_limit_s=time_limit.total_seconds(),
                progress=lambda sent: logger.info(f"{sent} of {count} sent"),
            )
        except FloodTooSlowError as error:
            _report(error.flood)
            raise
        _report(flood)
        return flood

    @keyword
    def get_finding_count(
        self,
        flood: Flood,
        kind: Kind,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of faults of one kind; the row's message shows it.

        Args:
            flood: from [Send Malformed Requests].
            kind: `server errors` are answers with a status from 500 up; `unanswered` are whole HTTP requests without an
                answer within 5 seconds (bytes that are no HTTP count only if their connection stays open as well);
                `accepted` were answered as if they were valid; `malformed answers` are refusals that are not in their
                endpoint's error shape: OpenAI's with all four keys, or Anthropic's.
            assertion_operator: how to compare; without it the number is only returned.
            assertion_expected: a number.
            message: replaces the usual message.

        ```robotframework
        Get Finding Count    ${flood}    server errors    ==    0
        ```
        """
        findings = _by_kind(flood)[kind]
        append_test_message(f"{len(findings)} {kind} among {flood.sent} broken requests from seed {flood.seed}")
        label, details = f"Number of findings of the kind '{kind}'", f"first: {findings[0]}" if findings else ""
        return verify(len(findings), assertion_operator, assertion_expected, label, message, details)


def _by_kind(flood: Flood) -> dict[Kind, list[Finding]]:
    return {
        "server errors": flood.server_errors,
        "unanswered": flood.unanswered,
        "accepted": flood.accepted,
        "malformed answers": flood.malformed_answers,
    }


def _report(flood: Flood) -> None:
    families = [
        f"{endpoint}, {family}: {_joined(statuses)}" for (endpoint, family), statuses in sorted(flood.statuses.items())
    ]
    endpoints = [f"{endpoint}: {_joined(statuses)}" for endpoint, statuses in sorted(flood.by_endpoint().items())]
    logger.info("\n".join([*endpoints, *families]))
    findings = flood.findings()
    logger.info(f"{flood.sent} broken requests from seed {flood.seed} in {flood.took_s:.1f} s")
    if findings:
        path = work_folder() / f"flood-{flood.seed}.txt"
        path.write_text(
            "\n".join(
                f"{f.endpoint}, {f.family}: {f.fault}\n{f.request!r}\n{f.status} {f.answer!r}\n" for f in findings
            )
        )
        shown = "\n".join(str(finding) for finding in findings[:_SHOWN_FINDINGS])
        logger.info(f"{len(findings)} findings, all in {path}, first:\n{shown}")


def _joined(statuses: Counter[int | None]) -> str:
    return ", ".join(f"{status} x {times}" for status, times in statuses.most_common())
