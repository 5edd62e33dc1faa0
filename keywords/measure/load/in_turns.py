"""Comparisons of two servers that are measured in turns, and of stored series."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.comparison.compare import compare
from keywords.engine.load.comparison.reading import ROUND, read_series
from keywords.engine.load.comparison.text import describe
from keywords.engine.load.comparison.turns import turns
from keywords.engine.load.comparison.verdicts import Comparison, Verdict
from keywords.engine.load.plan import Target
from keywords.engine.load.planning import LoadOptions, make_plan
from keywords.engine.load.quantities import parse_counts
from keywords.engine.load.session import measure_load
from keywords.engine.machine import BUSY, measure_machine
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run
from keywords.measure.load.plans import Sent
from keywords.measure.load.planted import CODES, CommandVerdict, last_line
from keywords.measure.load.running import STORE
from keywords.measure.load.verdicts import refuse_number
from keywords.run.assertions import verify
from keywords.run.context import Gateway
from keywords.run.inconclusive import skip_as_inconclusive
from keywords.run.output_folder import output_dir
from keywords.run.robot_process import ChildRun

if TYPE_CHECKING:
    from keywords.engine.load.comparison.turns import Side

_UPPER_LIMITS = (AssertionOperator["<"], AssertionOperator["<="])


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadInTurnsLibrary:
    """Compare two servers by load runs in turns, A B B A, and judge the comparison.

    ```robotframework
    ${found} =    Measure In Turns    ${ONE_WORKER}    ${TWO_WORKERS}    rounds=6    users=8    duration=1 s
    Get Scaling Efficiency    ${found}    2    >    ${SCALING_EFFICIENCY_MIN}
    ```
    """

    @keyword
    def measure_in_turns(
        self,
        first: Gateway | ScriptedBackend,
        second: Gateway | ScriptedBackend,
        *,
        rounds: int,
        users: str,
        duration: timedelta,
        model: str = "scripted",
        prompt: str = "Say hello.",
        max_tokens: int | None = None,
    ) -> Comparison:
        """Measure two servers in turns under the same load, and compare them.

        All load runs stand in `measurements.db` in the output folder; the comparison stands in the log.

        Args:
            first: a gateway or backend that this run started, and that the second one is held against.
            second: the one that is judged.
            rounds: load runs of each.
            users: of each stage of each run, such as `8`.
            duration: of each stage.
            model: that both serve.
            prompt: the user message of every request.
            max_tokens: upper bound of each answer.

        Raises:
            LoadInputError: the load cannot be used; none was sent.

        ```robotframework
        ${found} =    Measure In Turns    ${OLD}    ${NEW}    rounds=5    users=4    duration=1 s
        ```
        """
        workload = Sent(prompt, None, max_tokens).load()
        options = LoadOptions(users=parse_counts(users, "users"), duration_s=duration.total_seconds())
        servers: dict[Side, Gateway | ScriptedBackend] = {"first": first, "second": second}
        runs: dict[Side, list[int]] = {"first": [], "second": []}
        session, store = secrets.token_hex(4), output_dir() / STORE
        for number, side in turns(rounds):
            server = servers[side]
            key = server.api_key.value if isinstance(server, Gateway) else None
            target = Target(server.url, model, key)
            run = measure_load(
                make_plan(target, workload, options),
                store=store,
                series=f"{session} {side}",
                workload_hash=workload.sha256,
                options={ROUND: f"{session}-{number}"},
            )
            runs[side].append(run.run)
        with Store(store) as opened:
            rows = {side: [read_run(opened, run) for run in found] for side, found in runs.items()}
        found = compare(*(read_series(store, side, rows[side]) for side in ("first", "second")))
        logger.info("\n".join(describe(found)))
        return found

    @keyword
    def get_scaling_efficiency(
        self,
        comparison: Comparison,
        copies: int,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get how much of its share each copy gives: the ratio of whole answers per second over the number of copies.

        1 means that two copies answer twice as much as one. With an assertion, that end of the 95 % interval is
        compared which could break the limit.

        Args:
            comparison: of one copy with several.
            copies: their number.
            assertion_operator: such as `>`.
            assertion_expected: 0 to 1.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, or the load runs prove nothing.
            SkipExecution: one of these, on a machine that is too busy for a verdict.

        ```robotframework
        Get Scaling Efficiency    ${found}    2    >    ${SCALING_EFFICIENCY_MIN}
        ```
        """
        _require_proof(comparison)
        found = next((each for each in comparison.metrics if each.metric.name == "rps"), None)
        if found is None:
            refuse_number("Scaling needs whole answers per second of every load run")
        value, low, high = ((1 + each) / copies for each in (found.shift.value, found.shift.low, found.shift.high))
        logger.info(f"Scaling efficiency of {copies}: {value:.3f}, 95 % interval {low:.3f} to {high:.3f}")
        if assertion_operator is None:
            return value
        end, name = (high, "Upper") if assertion_operator in _UPPER_LIMITS else (low, "Lower")
        label = f"{name} end of the 95 % interval of the scaling efficiency, which is {value:.3f},"
        try:
            return verify(end, assertion_operator, assertion_expected, label, message)
        except AssertionError as failure:
            machine = measure_machine()
            if machine.slowdown <= BUSY:
                raise
            skip_as_inconclusive(str(failure), machine)

    @keyword
    def load_command_should_say(self, command: ChildRun, *verdicts: CommandVerdict) -> None:
        """Verify that `qa load --against` ended with one of these verdicts, and with the exit code of it.

        Raises:
            AssertionError: it did not.
            SkipExecution: a load run is INVALID, or the runs cannot tell, and the machine is too busy for a verdict.

        ```robotframework
        Load Command Should Say    ${load}    SAME    INCONCLUSIVE
        ```
        """
        said = last_line(command)
        if any(said.startswith(verdict) and command.rc == CODES[verdict] for verdict in verdicts):
            return
        what = f"The comparison should say {' or '.join(verdicts)}, got the exit code {command.rc}: {said}"
        # What makes runs vary so much that they cannot tell is the machine, if it is busy.
        is_unclear = command.rc == CODES["INCONCLUSIVE"] and said.startswith("INCONCLUSIVE")
        if is_unclear or (command.rc == CODES["NO VERDICT"] and " is INVALID: " in said):
            refuse_number(what)
        raise AssertionError(what)


def _require_proof(comparison: Comparison) -> None:
    if comparison.verdict is Verdict.NO_VERDICT:
        refuse_number(f"The load runs prove nothing: {'; '.join(comparison.reasons)}")
