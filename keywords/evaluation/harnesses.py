"""Other harnesses beside our evaluation, and the failures that they do not show."""

from __future__ import annotations

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation import inspect_ai, lm_eval
from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.harness import HarnessRun, import_run
from keywords.engine.evaluation.marks import Outcome
from keywords.engine.evaluation.scores import Score, read_score
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.store.database import Store
from keywords.evaluation.measurements import store_path
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.output_folder import new_work_folder
from keywords.run.places import DATASETS
from keywords.run.row_message import append_test_message


@library(scope="GLOBAL", doc_format="MARKDOWN")
class HarnessesLibrary:
    """Run lm-eval or Inspect on our sets, offline, with the same messages, and read its marks item by item.

    ```robotframework
    ${ours} =    Run Evaluation    short-facts
    ${theirs} =    Run Lm Eval    short-facts
    Get Harness Exit Code    ${theirs}    ==    0
    Get Harness Answer Count    ${theirs}    ==    20
    Get Harness Correct Count    ${theirs}    >    0
    Get Differing Marks    ${theirs}    ${ours}    ==    0
    ${imported} =    Import Harness Run    ${theirs}
    ```
    """

    @keyword
    def run_lm_eval(self, name: str, *, limit: int | None = None, cache: str = "", at: str = "") -> HarnessRun:
        """Run lm-eval on a set of short answers.

        Args:
            name: of the set.
            limit: the first so many items.
            cache: name of a cache of its own, shared by the rows of this run that name it; off if empty.
            at: address of another server than the target, without a key.

        Raises:
            HarnessError: it ended with an error.
        """
        client = target.client()
        dataset = Catalogue(DATASETS).load(name, None, limit)
        folder = new_work_folder("lm-eval").resolve()
        file = folder.parent / f"{cache}.db" if cache else None
        key = None if at else target.api_key()
        found = lm_eval.run_lm_eval(folder, dataset, at or client.base_url, client.model, key, cache=file)
        logger.info(found.output)
        append_test_message(f"lm-eval marks {found.correct} of {len(found.answers)} as correct")
        return found

    @keyword
    def run_inspect(self, name: str, *, limit: int | None = None, at: str = "") -> HarnessRun:
        """Run Inspect on a set of short answers.

        Args:
            name: of the set.
            limit: the first so many items.
            at: address of another server than the target, without a key.

        Raises:
            HarnessError: it left no log.

        ```robotframework
        ${theirs} =    Run Inspect    short-facts
        ```
        """
        client = target.client()
        dataset = Catalogue(DATASETS).load(name, None, limit)
        folder = new_work_folder("inspect").resolve()
        key = None if at else target.api_key()
        found = inspect_ai.run_inspect(folder, dataset, at or client.base_url, client.model, key)
        logger.info(found.output)
        append_test_message(
            f"Inspect ends with {found.exit_code}, and marks {found.correct} of {len(found.answers)} correct"
        )
        return found

    @keyword
    def import_harness_run(self, found: HarnessRun) -> Score:
        """Store the answers that a harness got, marked by our scorer."""
        client = target.client()
        path = store_path()
        run = import_run(path, found, client.base_url, client.model)
        with Store(path, ROOM) as store:
            return read_score(store, run)

    @keyword
    def get_harness_correct_count(
        self,
        found: HarnessRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get how many answers the harness marks as correct, and optionally verify it."""
        return verify(
            found.correct, assertion_operator, assertion_expected, "Answers that the harness marks correct", message
        )

    @keyword
    def get_harness_exit_code(
        self,
        found: HarnessRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the exit code of the harness, and optionally verify it."""
        return verify(found.exit_code, assertion_operator, assertion_expected, "Exit code of the harness", message)

    @keyword
    def get_harness_answer_count(
        self,
        found: HarnessRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get how many answers the harness marked, and optionally verify it."""
        return verify(len(found.answers), assertion_operator, assertion_expected, "Answers of the harness", message)

    @keyword
    def get_differing_marks(
        self,
        found: HarnessRun,
        ours: Score,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of items that the harness and we mark differently, and optionally verify it.

        The log shows both marks of each item, the row's message those that differ.

        Raises:
            AssertionError: the comparison failed, or one of both has no mark of an item.
        """
        missing = {item for item, _, _ in ours.marks}.symmetric_difference(found.answers)
        if missing:
            raise AssertionError(f"Items that only one of both marked: {', '.join(sorted(missing))}")
        differing = []
        for (item, _, _), mark in ours.marks.items():
            theirs = found.answers[item]
            said = (
                f"{item} {theirs.text!r}: theirs {'correct' if theirs.correct else 'not correct'}, ours {mark.outcome}"
            )
            logger.info(said)
            if theirs.correct != (mark.outcome is Outcome.CORRECT):
                differing.append(said)
        append_test_message(f"{len(differing)} marks differ{': ' if differing else ''}{'; '.join(differing)}")
        label = "Items marked differently"
        return verify(len(differing), assertion_operator, assertion_expected, label, message)
