"""Sets of questions: asked, marked, and judged by bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation import runs
from keywords.engine.evaluation.asking import Failure
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.comparison import Comparison, Verdict, compare, judge_all
from keywords.engine.evaluation.marks import Outcome
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.scores import Score, read_score
from keywords.engine.evaluation.sentences import failures, result, sentence
from keywords.engine.evaluation.storage import OF_TARGET
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.http.patience import START_S
from keywords.engine.machine import measure_machine
from keywords.engine.openai.client import ChatClient
from keywords.engine.store.database import Store
from keywords.evaluation.measurements import show_comparison, show_run, store_path
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.context import current_target
from keywords.run.inconclusive import skip_as_inconclusive
from keywords.run.places import DATASETS
from keywords.run.row_message import append_test_message, limit, percent
from keywords.traceability.skips import INCONCLUSIVE

Figure = Literal["rate", "lower bound", "upper bound", "mean value"]
OutcomeName = Literal["correct", "wrong", "format failure", "abstained", "refused", "transport error"]
Change = Literal["lost", "gained", "identical"]
_BY_TIMEOUT = {str(Failure.REFUSED), str(Failure.NO_ANSWER), str(Failure.CUT)}
"""How a slow answer ends as none; those of a server that gave up after the first ones too."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class EvaluationLibrary:
    """Ask a model a small set of questions, and judge how it fared by exact bounds.

    The sets stand in `resources/datasets/sets.yaml`, the scorers in `qa eval --list`; none needs a model as a judge.
    Each run is stored, and its page with every item is among the row's evidence. A request that gets no reply is a
    transport error and never a wrong answer.

    ```robotframework
    ${score} =    Run Evaluation    short-facts
    Get Score    ${score}    lower bound    >=    0.45
    ```
    """

    @keyword
    def run_evaluation(
        self,
        name: str,
        *,
        temperature: float = 0.0,
        draws: int = 1,
        seed: int | None = None,
        scorer: str = "",
        file: str = "",
        limit: int | None = None,
        concurrency: int = 4,
        at: str = "",
        extra: dict[str, object] | None = None,
    ) -> Score:
        """Ask all items of a set and mark the answers.

        Args:
            name: of the set.
            temperature: 0 to 2.
            draws: answers to each item.
            seed: from which each request's own is derived. None sends none.
            scorer: in the place of the set's own.
            file: a file in the form of the set, such as GSM8K's `test.jsonl`, in its place.
            limit: the first so many items.
            concurrency: requests at once.
            at: address of another server than the target, without a key, such as the bare backend's.
            extra: further fields of each request.

        Returns:
            The score, with each answer and its mark.

        Raises:
            DatasetError: the set or its file cannot be used.

        ```robotframework
        ${drawn} =    Run Evaluation    short-facts    temperature=1    draws=5    seed=1
        ```
        """
        scorers = (scorer,) if scorer else ()
        sampling = Sampling(temperature, draws, seed, logprobs=scorer == "choice-likelihood", extra=extra)
        dataset = Catalogue(DATASETS).load(name, Path(file) if file else None, limit)
        plan = runs.Plan(dataset, sampling, scorers, concurrency=concurrency)
        path = store_path()
        if at:
            client = ChatClient(at, api_key=None, model=target.client().model)
            try:
                run = runs.run_evaluation(path, client, plan, server="bare backend")
            finally:
                client.close()
        else:
            with target.unrecorded_client(target.client().model) as client:
                facts = {OF_TARGET: client.base_url == current_target().url}
                run = runs.run_evaluation(path, client, plan, server=_server(client), environment=facts)
        with Store(path, ROOM) as store:
            score = read_score(store, run)
        logger.info(sentence(score))
        append_test_message(f"{name}: {result(score)}; {failures(score)}")
        show_run([score])
        return score

    @keyword
    def get_score(
        self,
        score: Score,
        figure: Figure = "rate",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the share of right answers, or a bound of the share of passed items, and optionally verify it.

        An item is passed if more than half of its answers are right; the bounds are exact and one-sided with 95 %
        confidence (Clopper-Pearson): compare "at least" with the lower one. Items without an answer are taken for not
        passed in the lower bound, and for passed in the upper one.

        Args:
            score: the result of [Run Evaluation].
            figure: `rate`, `lower bound`, `upper bound`, or `mean value` for scorers that value parts of an answer.
            assertion_operator: such as `>=`.
            assertion_expected: a share from 0 to 1.
            message: replaces the message of a failed comparison.

        Raises:
            AssertionError: the comparison failed.
            DatasetError: no request got a reply.

        ```robotframework
        Get Score    ${score}    lower bound    >=    ${SHORT_FACTS_MIN}
        ```
        """
        value = {
            "rate": lambda: score.hits / score.draws,
            "lower bound": lambda: score.lower_bound,
            "upper bound": lambda: score.upper_bound,
            "mean value": lambda: score.mean_value,
        }[figure]()
        append_test_message(f"{figure} {percent(value)}{limit(assertion_operator, assertion_expected)}")
        label = f"Score of {score.run.options['set']}, {figure} (0 to 1),"
        return verify(value, assertion_operator, assertion_expected, label, message, result(score))

    @keyword
    def get_outcome_count(
        self,
        score: Score,
        outcome: OutcomeName,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get how many answers fared so, and optionally verify it.

        ```robotframework
        Get Outcome Count    ${score}    transport error    ==    0
        ```
        """
        count = score.outcomes[Outcome(outcome)]
        details = ", ".join(f"{number} with {failure}" for failure, number in score.failures.items())
        return verify(count, assertion_operator, assertion_expected, f"Answers marked {outcome}", message, details)

    @keyword
    def every_item_should_be_answered(self, score: Score) -> None:
        """Verify that no request of a run ended in a transport error.

        Timeouts on a machine that is slower than its limits allow for leave the row without a verdict. The client waits
        so long as an honest server of 5 tokens a second needs, and never less than 15 s.

        Raises:
            AssertionError: there are transport errors, and the machine does not explain them.
            SkipExecution: the machine is too busy for a verdict; the message has its load.

        ```robotframework
        Every Item Should Be Answered    ${score}
        ```
        """
        if not score.outcomes[Outcome.ERROR]:
            return
        asked = [one.asked for one in score.answers.values() if one.asked.failure]
        machine = measure_machine()
        by_timeout = max(one.total_s for one in asked) >= START_S and score.failures.keys() <= _BY_TIMEOUT
        if by_timeout and machine.explains_s(1, wait_s=0) > 1:
            skip_as_inconclusive(failures(score), machine)
        raise AssertionError(f"{failures(score)}: {'; '.join(sorted({one.detail for one in asked}))[:500]}")

    @keyword
    def get_unchanging_items(
        self,
        score: Score,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of items all of whose draws are the same text, character by character.

        ```robotframework
        ${drawn} =    Run Evaluation    copying    temperature=1    draws=3    seed=1
        Get Unchanging Items    ${drawn}    <    20
        ```
        """
        value = score.unchanging_items
        append_test_message(f"{value} of {score.valid_items} items have one text in all draws")
        return verify(value, assertion_operator, assertion_expected, "Items with one text", message, result(score))

    @keyword
    def compare_evaluations(self, first: Score, second: Score) -> Comparison:
        """Compare two scores of the same set, item by item.

        Returns:
            What was lost and gained, the exact McNemar test, and the drop that so many items can show.

        Raises:
            DatasetError: they are of different sets or scorers.

        ```robotframework
        ${found} =    Compare Evaluations    ${before}    ${after}
        Get Changed Items    ${found}    lost    ==    0
        ```
        """
        found = compare(first, second)
        logger.info(found.sentence)
        for one in found.items:
            if one.change:
                logger.info(f"{one.change}: {one.item} {one.question}")
        append_test_message(found.sentence)
        return found

    @keyword
    def get_changed_items(
        self,
        comparison: Comparison,
        change: Change,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of items that were lost or gained, or whose answers are identical, byte by byte.

        ```robotframework
        Get Changed Items    ${found}    identical    ==    20
        ```
        """
        counts = {"lost": comparison.pairs.lost, "gained": comparison.pairs.gained, "identical": comparison.identical}
        label = f"Items that are {change}"
        return verify(counts[change], assertion_operator, assertion_expected, label, message, comparison.sentence)

    @keyword
    def score_should_not_drop(self, comparison: Comparison, max_drop: float) -> None:
        """Fail if the second score is lower by more than the accepted drop, and chance does not explain it.

        Without evidence either way the row is skipped as inconclusive: a drop beyond the limit that may be chance, or
        one within it where the items do not exclude a larger one. Answers that are the same, character by character,
        pass.

        Args:
            comparison: the result of [Compare Evaluations].
            max_drop: accepted drop, a share from 0 to 1.

        Raises:
            AssertionError: the drop is beyond the limit and significant.
            SkipExecution: the items cannot tell.

        ```robotframework
        Score Should Not Drop    ${found}    0.05
        ```
        """
        verdict, reason = judge_all([comparison], max_drop)
        show_comparison(comparison, max_drop)
        sentence = f"{reason}: {comparison.sentence}"
        if verdict is Verdict.FAIL:
            raise AssertionError(sentence)
        if verdict is Verdict.INCONCLUSIVE:
            raise SkipExecution(f"{INCONCLUSIVE} {sentence}")
        append_test_message(reason)


def _server(client: ChatClient) -> str:
    """Kind and version of the server, for the record."""
    found = current_target()
    if client.base_url != found.url:
        return "a gateway of this row"
    return f"{'llm-gateway' if found.is_our_gateway else 'OpenAI-compatible server'} {found.version}".strip()
