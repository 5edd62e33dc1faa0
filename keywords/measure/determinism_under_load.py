"""Determinism under load: whether an answer depends on who else is answered."""

from __future__ import annotations

from html import escape
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation.determinism_under_load import Completion, DeterminismCell, completion_of, table_of
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.output_folder import evidence_folder
from keywords.run.row_message import append_test_message

_CELL = "padding:2px 8px;border:1px solid #8c959f"


@library(scope="SUITE", doc_format="MARKDOWN")
class DeterminismUnderLoadLibrary:
    """Ask the same prompts alone, beside others, from a warm cache and after a restart, and compare each answer.

    Answers are compared byte by byte with those that [Ask In Turn] got. Requests have temperature 0.

    ```robotframework
    ${alone} =    Ask In Turn    @{PROMPTS}    times=5
    ${loaded} =    Ask Beside Others    @{PROMPTS}    users=10    reference=${alone}
    Get Differing Answers    ${loaded}    ==    0
    ```
    """

    @keyword
    def ask_in_turn(
        self,
        *prompts: str,
        times: int = 5,
        max_tokens: int = 64,
        name: str = "1 user",
        reference: DeterminismCell | None = None,
    ) -> DeterminismCell:
        """Ask each prompt several times, one request after the other.

        Args:
            prompts: the user messages.
            times: number of requests for each.
            max_tokens: upper bound of each answer.
            name: of this way to ask, for the report.
            reference: answers to compare with; these answers themselves if left out.

        Raises:
            NoUsableAnswer: a request failed.

        ```robotframework
        ${alone} =    Ask In Turn    Name a colour.    Name a town.    times=5
        ```
        """
        client, fields = target.client(), _fields(max_tokens)
        asked = [prompt for prompt in prompts for _ in range(times)]
        return _cell(name, [completion_of(each, client.ask(each, **fields)) for each in asked], reference)

    @keyword
    def ask_beside_others(
        self,
        *prompts: str,
        users: int,
        reference: DeterminismCell,
        mixed: bool = False,
        max_tokens: int = 64,
    ) -> DeterminismCell:
        """Ask with so many requests at the same moment: each prompt that often at once, or all prompts mixed.

        Args:
            prompts: the user messages.
            users: requests at the same moment.
            reference: answers to compare with.
            mixed: whether the requests of a moment ask different prompts, each prompt as often as there are users over
                all moments.
            max_tokens: upper bound of each answer.

        Raises:
            NoUsableAnswer: a request failed.

        ```robotframework
        ${loaded} =    Ask Beside Others    Name a colour.    Name a town.    users=10    reference=${alone}
        ```
        """
        asked = [prompt for _ in range(users) for prompt in prompts] if mixed else None
        asked = asked or [prompt for prompt in prompts for _ in range(users)]
        client, fields = target.client(), _fields(max_tokens)
        found: list[Completion] = []
        for start in range(0, len(asked), users):
            wave = asked[start : start + users]
            answers = client.ask_together(wave, **fields)
            found += [completion_of(prompt, answer) for prompt, answer in zip(wave, answers, strict=True)]
        return _cell(f"{users} users, {'mixed prompts' if mixed else 'the same prompt'}", found, reference)

    @keyword
    def get_differing_answers(
        self,
        cell: DeterminismCell,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of answers that are not the reference's.

        ```robotframework
        Get Differing Answers    ${alone}    ==    0
        ```
        """
        append_test_message(cell.statement)
        label = "Number of answers that differ from those of one user"
        return verify(len(cell.differing), assertion_operator, assertion_expected, label, message, cell.statement)

    @keyword
    def get_distinct_completion_rate(
        self,
        cell: DeterminismCell,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get distinct completions over completions, 0 to 1; of n equal answers to each prompt it is 1 / n.

        ```robotframework
        Get Distinct Completion Rate    ${loaded}    <=    0.2
        ```
        """
        append_test_message(cell.statement)
        label = "Distinct completions over completions"
        return verify(cell.distinct_rate, assertion_operator, assertion_expected, label, message, cell.statement)

    @keyword
    def get_first_divergent_token(
        self,
        cell: DeterminismCell,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int | None:
        """Get the smallest position, from 0, of a token that is not the reference's; None if all are.

        Tokens are those of the answer's log probabilities; of a server without them, words.

        ```robotframework
        Get First Divergent Token    ${loaded}    ==    7
        ```
        """
        label = "Position of the first divergent token"
        value = cell.first_divergent_token
        return verify(value, assertion_operator, assertion_expected, label, message, cell.statement)

    @keyword
    def get_largest_cached_prompt(
        self,
        cell: DeterminismCell,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the most tokens of a prompt that came from a cache, by the server's usage; 0 if it tells none.

        ```robotframework
        Get Largest Cached Prompt    ${alone}    ==    0
        ```
        """
        label = "Tokens of a prompt from a cache"
        return verify(cell.most_cached_tokens or 0, assertion_operator, assertion_expected, label, message)


def _fields(max_tokens: int) -> dict[str, Any]:
    return {"temperature": 0, "max_tokens": max_tokens, "logprobs": True}


def _cell(name: str, completions: list[Completion], reference: DeterminismCell | None) -> DeterminismCell:
    cell = DeterminismCell(name, tuple(completions), () if reference is None else reference.completions)
    head, rows = table_of([cell])
    cells = "".join(f'<th style="{_CELL}">{escape(each)}</th>' for each in head)
    values = "".join(f'<td style="{_CELL}">{escape(each)}</td>' for each in rows[0])
    logger.info(f'<table style="border-collapse:collapse"><tr>{cells}</tr><tr>{values}</tr></table>', html=True)
    lines = [f"{one}: {other}" for one, other in zip(head, rows[0], strict=True)]
    (evidence_folder() / f"determinism, {name}.txt").write_text("\n".join([*lines, ""]), "utf-8")
    return cell
