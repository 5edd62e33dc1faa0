"""The scorers as keywords: each marks one reply, and no model judges."""

from __future__ import annotations

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.engine.evaluation.formats import LETTERS
from keywords.engine.evaluation.items import Item
from keywords.engine.evaluation.marks import Reply
from keywords.engine.evaluation.scorers import scorer
from keywords.engine.evaluation.text_matching import token_f1
from keywords.run.assertions import verify


@library(scope="GLOBAL", doc_format="MARKDOWN")
class ScorersLibrary:
    """Mark one reply by a named scorer.

    The mark is `correct`, `wrong`, `format failure`, `abstained` or `refused`. `references` is one accepted answer,
    or a list of them; an empty list means that the question has no answer.

    ```robotframework
    Get Mark By SQuAD Exact Match    The Beatles!    beatles    ==    correct
    ```
    """

    @keyword(name="Get Mark By SQuAD Exact Match")
    def get_mark_by_squad_exact_match(
        self,
        reply: str,
        references: str | list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Equal to an accepted answer after lower case, without punctuation, articles and extra whitespace.

        Punctuation is deleted, so `3.5` equals `35`: take a numeric scorer for numbers. Source: SQuAD 2.0,
        `evaluate-v2.0.py`.

        ```robotframework
        Get Mark By SQuAD Exact Match    The Beatles!    beatles    ==    correct
        ```
        """
        return _verified("exact-match-squad", reply, references, assertion_operator, assertion_expected, message)

    @keyword(name="Get Mark By TriviaQA Exact Match")
    def get_mark_by_triviaqa_exact_match(
        self,
        reply: str,
        references: str | list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Equal to an accepted answer after lower case, without articles, punctuation turned to spaces.

        `U.S.A.` does not equal `USA`. Source: TriviaQA, `triviaqa_evaluation.py`.

        ```robotframework
        Get Mark By TriviaQA Exact Match    New_York    New York    ==    correct
        ```
        """
        return _verified("exact-match-triviaqa", reply, references, assertion_operator, assertion_expected, message)

    @keyword(name="Get Mark By Strict Number")
    def get_mark_by_strict_number(
        self,
        reply: str,
        references: str | list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The first number behind `#### ` equals the accepted one as a decimal.

        Without such a mark it is a format failure. Source: GSM8K, `grade_school_math/dataset.py`.

        ```robotframework
        Get Mark By Strict Number    It is 18. #### 18.0    18    ==    correct
        ```
        """
        return _verified("number-strict", reply, references, assertion_operator, assertion_expected, message)

    @keyword(name="Get Mark By Flexible Number")
    def get_mark_by_flexible_number(
        self,
        reply: str,
        references: str | list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The number behind `#### `, else the last one, equals the accepted one as a decimal.

        Source: lm-evaluation-harness, `gsm8k.yaml`, flexible-extract; here a number has a digit, `10-15` ends with
        15, and `$29.00` is 29.

        ```robotframework
        Get Mark By Flexible Number    She earns $29.00    29    ==    correct
        ```
        """
        return _verified("number-flexible", reply, references, assertion_operator, assertion_expected, message)

    @keyword(name="Get Mark By Abstention")
    def get_mark_by_abstention(
        self,
        reply: str,
        references: str | list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Declining to answer is right exactly if there is no accepted answer.

        Source: SQuAD 2.0, questions without an answer; phrases in the first 200 characters decide.

        ```robotframework
        Get Mark By Abstention    The text does not say.    ${NO_ANSWERS}    ==    correct
        ```
        """
        return _verified("abstention", reply, references, assertion_operator, assertion_expected, message)

    @keyword
    def get_mark_by_choice_letter(
        self,
        reply: str,
        right: str,
        choices: int = 4,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The last `Answer: C`, else the letter that the reply begins or ends with, is the right one.

        The letter is never the beginning of a word; Markdown and brackets around it do not count. Source: inspect_ai,
        `ANSWER_PATTERN_LETTER`.

        Args:
            reply: the reply.
            right: the letter of the right choice.
            choices: how many there are.
            assertion_operator: such as `==`.
            assertion_expected: the expected mark.
            message: replaces the message of a failed comparison.

        ```robotframework
        Get Mark By Choice Letter    **Answer: C**    C    4    ==    correct
        ```
        """
        letters = LETTERS[:choices]
        if right not in letters or not right:
            raise ValueError(f"right must be one of {', '.join(letters)}, not {right!r}")
        item = Item("1", "", (right,), choices=tuple(letters), right=letters.index(right))
        mark = scorer("choice-letter").mark(Reply(reply), item)
        label = "Mark by choice-letter"
        return verify(str(mark.outcome), assertion_operator, assertion_expected, label, message, f"reply: {reply!r}")

    @keyword(name="Get Token F1")
    def get_token_f1(
        self,
        reply: str,
        references: str | list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """F1 of the words that reply and accepted answer share, as multisets; 0 to 1, the best over all answers.

        Source: TriviaQA, `triviaqa_evaluation.py`, `f1_score`.

        ```robotframework
        Get Token F1    Paris Paris Paris Paris    Paris    ==    0.4
        ```
        """
        value = token_f1(reply, _listed(references))
        return verify(value, assertion_operator, assertion_expected, "Token F1", message, f"reply: {reply!r}")


def _verified(
    name: str,
    reply: str,
    references: str | list[str],
    operator: AssertionOperator | None,
    expected: str | None,
    message: str | None,
) -> str:
    mark = scorer(name).mark(Reply(reply), Item("1", "", tuple(_listed(references))))
    details = f"reply: {reply!r}, taken for the answer: {mark.extracted!r}"
    return verify(str(mark.outcome), operator, expected, f"Mark by {name}", message, details)


def _listed(references: str | list[str]) -> list[str]:
    return [references] if isinstance(references, str) else references
