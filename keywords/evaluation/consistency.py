"""Proxies of hallucination: whether the model says the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation.consistency import (
    CrossTable,
    ItemConsistency,
    Proxy,
    cross_table,
    item_consistency,
)
from keywords.engine.evaluation.scores import Score
from keywords.run.assertions import verify
from keywords.run.row_message import append_test_message

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = Literal["consistent and right", "consistent and wrong", "varying and right", "varying and wrong"]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ConsistencyLibrary:
    """Proxies of hallucination, each in a table with correctness: no proxy finds what is consistent and wrong.

    ```robotframework
    ${greedy} =    Run Evaluation    short-facts
    ${drawn} =    Run Evaluation    short-facts    temperature=1    draws=5    seed=1
    ${table} =    Tabulate Consistency    ${greedy}    ${drawn}
    Get Table Cell    ${table}    consistent and wrong    <=    6
    ```
    """

    @keyword
    def tabulate_consistency(self, greedy: Score, drawn: Score, by: Proxy = "majority") -> CrossTable:
        """Count items by whether the draws support the greedy answer, and whether that is right.

        They support it by `majority` if more than half of them say the same; by `entropy` if that of the draws is below
        ln 2, which is that of two answers of equal share; by `agreement` if they share more than half of its words on
        average.

        The log has each item's majority answer (self-consistency), discrete semantic entropy in nats, and mean token F1
        between the greedy answer and the draws.

        Args:
            greedy: the set at temperature 0.
            drawn: the same set, several draws at a temperature above 0.
            by: `majority`, `entropy` or `agreement`.

        Raises:
            ValueError: no item has a greedy answer and two draws.

        ```robotframework
        ${table} =    Tabulate Consistency    ${greedy}    ${drawn}    by=entropy
        ```
        """
        items = item_consistency(greedy, drawn)
        _log(items)
        table = cross_table([(one.is_consistent(by), one.correct) for one in items])
        return show_table(table, f"Consistency of draws by {by}")

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


def show_table(table: CrossTable, what: str) -> CrossTable:
    """Put a table into the row's message, and give it back."""
    append_test_message(f"{what}: {table.sentence}")
    return table
