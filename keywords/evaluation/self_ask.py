"""Self-ask, a proxy of hallucination: whether the model stands by what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation.comparison import shown_p
from keywords.engine.evaluation.consistency import CrossTable, cross_table
from keywords.engine.evaluation.scores import Score
from keywords.engine.evaluation.self_ask import known_claims, self_ask_prompts, stands_by_it, tells_apart
from keywords.engine.openai.answer import NoUsableAnswer
from keywords.engine.statistics.pairs import Pairs, count_pairs
from keywords.evaluation.consistency import show_table
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.row_message import append_test_message
from keywords.traceability.skips import INCONCLUSIVE

if TYPE_CHECKING:
    from keywords.engine.openai.client import ChatClient

SELF_ASK_TOKENS = 4
"""A yes or no, and what may stand before it."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class SelfAskLibrary:
    """Ask the model about claims: its own ones, and known ones that show whether its opinion says anything.

    ```robotframework
    ${greedy} =    Run Evaluation    short-facts
    ${known} =    Ask About Known Claims    ${greedy}
    Claims Should Be Told Apart    ${known}
    ${table} =    Tabulate Self Ask    ${greedy}
    Get Table Cell    ${table}    consistent and wrong    <=    6
    ```
    """

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
                stands = _stands(client, greedy.items[item].question, answer.asked.reply.text)
                if stands is not None:
                    found.append((stands, greedy.passes[item]))
        if not found:
            raise ValueError("no item has an answer that the model could be asked about")
        return show_table(cross_table(found), "Standing by its own claims")

    @keyword
    def ask_about_known_claims(self, score: Score) -> Pairs:
        """Ask the model about claims that are known to be right, and as many that are known to be wrong.

        They are put as its own are in [Tabulate Self Ask]: the set's accepted answers, and those to other questions. A
        model that stands by both alike, or by neither, has no opinion that a table could show.

        Args:
            score: of the set whose questions and accepted answers are taken.

        Returns:
            The items by whether the model stands by the right claim, and by the wrong one.

        Raises:
            ValueError: no item has both claims answered.

        ```robotframework
        ${known} =    Ask About Known Claims    ${greedy}
        Get Claims Told Apart    ${known}    >=    6
        ```
        """
        found: list[tuple[bool, bool]] = []
        with target.unrecorded_client(target.client().model) as client:
            for item, right, wrong in known_claims(list(score.items.values())):
                stands = _stands(client, item.question, right), _stands(client, item.question, wrong)
                if stands[0] is not None and stands[1] is not None:
                    found.append((stands[0], stands[1]))
        pairs = count_pairs(found)
        append_test_message(_told_apart(pairs))
        return pairs

    @keyword
    def get_claims_told_apart(
        self,
        known: Pairs,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of items of which the model stands by the right claim alone, and optionally verify it.

        ```robotframework
        Get Claims Told Apart    ${known}    >=    6
        ```
        """
        label = "Items of which the model stands by the right claim alone"
        return verify(known.lost, assertion_operator, assertion_expected, label, message, _told_apart(known))

    @keyword
    def claims_should_be_told_apart(self, known: Pairs) -> None:
        """Go on only if the model stands by right claims more often than by wrong ones, by the exact McNemar test.

        Else its opinion of its own claims says nothing, and the row is skipped as inconclusive.

        Args:
            known: the result of [Ask About Known Claims].

        Raises:
            SkipExecution: it does not, or the items cannot tell.

        ```robotframework
        Claims Should Be Told Apart    ${known}
        ```
        """
        if not tells_apart(known):
            raise SkipExecution(f"{INCONCLUSIVE} the model's opinion of claims says nothing: {_told_apart(known)}")


def _stands(client: ChatClient, question: str, claim: str) -> bool | None:
    """Whether the model stands by a claim; False too if it says neither yes nor no. None if it was not asked."""
    prompts = self_ask_prompts(question, claim)
    try:
        right, wrong = (client.ask(one, temperature=0, max_tokens=SELF_ASK_TOKENS).text for one in prompts)
    except NoUsableAnswer as error:
        logger.warn(f"{question} The model was not asked about {claim!r}: {error}")
        return None
    stands = stands_by_it(right, wrong)
    logger.debug(f"{question} {claim!r}: right? {right!r}; wrong? {wrong!r}; stands by it: {stands}")
    return stands is True


def _told_apart(known: Pairs) -> str:
    return (
        f"of {known.n} items, it stands by the right claim alone of {known.lost}, the wrong one alone of "
        f"{known.gained}, both of {known.both}, neither of {known.neither}, McNemar p={shown_p(known.p)}"
    )
