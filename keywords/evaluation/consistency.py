"""Proxies of hallucination: whether the model says the same again, and stands by what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation.consistency import (
    CrossTable,
    ItemConsistency,
    cross_table,
    item_consistency,
    self_ask_prompts,
    stands_by_it,
)
from keywords.engine.evaluation.scores import Score
from keywords.engine.openai.answer import NoUsableAnswer
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.row_message import append_test_message

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = Literal["consistent and right", "consistent and wrong", "varying and right", "varying and wrong"]
SELF_ASK_TOKENS = 4
"""A yes or no, and what may stand before it."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ConsistencyLibrary:
    """Proxies of hallucination, each in a table with correctness: no proxy finds what is consistent and wrong.

    ```robotframework
    ${greedy} =    Run Evaluation    short-facts
    ${drawn} =    Run Evaluation    short-facts    temperature=1    draws=5    seed=1
    ${table} =    Tabulate Consistency    ${greedy}    ${drawn}
    Get Table Cell    ${table}    consistent and wrong    <=    6
    ${claims} =    Tabulate Self Ask    ${greedy}
    ```
    """

    @keyword
    def tabulate_consistency(self, greedy: Score, drawn: Score) -> CrossTable:
        """Count items by whether most draws agree, and whether the greedy answer is right.

        The log has each item's majority answer (self-consistency), discrete semantic entropy in nats, and mean token F1
        between the greedy answer and the draws.

        Args:
            greedy: the set at temperature 0.
            drawn: the same set, several draws at a temperature above 0.

        Raises:
            ValueError: no item has a greedy answer and two draws.
        """
        items = item_consistency(greedy, drawn)
        _log(items)
        return _shown(cross_table([(one.consistent, one.correct) for one in items]), "Consistency of draws")

    @keyword
    def tabulate_self_ask(self, greedy: Score) -> CrossTable:
        """Ask the model about its own answers; count items by whether it stands by them, and whether they are right.

        Each claim is put as a closed question and as its opposite; a model that says yes to both does not stand by it,
        and neither does one that says neither yes nor no.

        Args:
            greedy: the set at temperature 0.

        Raises:
            ValueError: no item has an answer.
        """
        found: list[tuple[bool, bool]] = []
        with target.unrecorded_client(target.client().model) as client:
            for (item, draw, rotation), answer in greedy.answers.items():
                if answer.asked.reply is None or draw or rotation:
                    continue
                prompts = self_ask_prompts(greedy.items[item].question, answer.asked.reply.text)
                try:
                    right, wrong = (client.ask(one, temperature=0, max_tokens=SELF_ASK_TOKENS).text for one in prompts)
                except NoUsableAnswer as error:
                    logger.warn(f"{item} was not asked about its claim: {error}")
                    continue
                stands = stands_by_it(right, wrong)
                logger.debug(f"{item}: right? {right!r}; wrong? {wrong!r}; stands by it: {stands}")
                found.append((stands is True, greedy.passes[item]))
        if not found:
            raise ValueError("no item has an answer that the model could be asked about")
        return _shown(cross_table(found), "Standing by its own claims")

    @keyword
    def get_table_cell(
        self,
        table: CrossTable,
        cell: Cell,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of items in a cell of the table, and optionally verify it.

        ```robotframework
        Get Table Cell    ${table}    varying and wrong    >    0
        ```
        """
        counts = {
            "consistent and right": table.consistent_right,
            "consistent and wrong": table.consistent_wrong,
            "varying and right": table.varying_right,
            "varying and wrong": table.varying_wrong,
        }
        label = f"Items that are {cell}"
        return verify(counts[cell], assertion_operator, assertion_expected, label, message, table.sentence)


def _log(items: Sequence[ItemConsistency]) -> None:
    for one in items:
        logger.info(
            f"{one.item}: {'right' if one.correct else 'wrong'}, majority {one.majority!r} in {one.majority_share:.0%} "
            f"of {one.draws} draws, entropy {one.entropy:.2f}, agreement {one.agreement:.2f}"
        )


def _shown(table: CrossTable, what: str) -> CrossTable:
    append_test_message(f"{what}: {table.sentence}")
    return table
