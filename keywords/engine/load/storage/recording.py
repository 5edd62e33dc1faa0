"""Recording of a load run: its row in `runs`, its stages, and its samples as they come."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self

from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, STAGES, sample_row
from keywords.engine.store.batches import BatchWriter
from keywords.engine.store.database import Store
from keywords.engine.store.errors import RowsLostError, StoreError
from keywords.engine.store.runs import begin_run, end_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.run import RunFacts
    from keywords.engine.load.sample import Sample


class Recording:
    """Writes a load run to the store while it goes on; it is a `SampleSink`.

    A program that is killed loses the samples of the last quarter of a second; its run stays, without an end. Used in a
    `with` block, it writes what is left when the block ends by an exception.

    Args:
        path: of the store.
        series: name under which runs are compared.
        plan: what is run.
        workload_hash: of what is sent.
        options: what the user asked for, as JSON holds it.
        environment: machine and versions, as JSON holds it.

    Attributes:
        run: id of the run in the store.

    Raises:
        StoreError: the store cannot be used; before any load is sent.
    """

    def __init__(
        self,
        path: Path,
        series: str,
        plan: LoadPlan,
        *,
        workload_hash: str | None = None,
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, Any] | None = None,
    ) -> None:
        self._path = path
        self._plan = plan
        with Store(path, LOAD_ROOM) as store:
            self.run = begin_run(
                store,
                "load",
                series,
                target=plan.target.url,
                model=plan.target.model,
                workload_hash=workload_hash,
                options=options,
                environment=environment,
            )
        self._writer: BatchWriter[Sample] = BatchWriter(path, LOAD_ROOM, SAMPLES, partial(sample_row, self.run))
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write what is left if the run ended without `finish`; then its row has no end."""
        if not self._closed:
            self._close()

    @property
    def error(self) -> StoreError | None:
        """Why the last batch was not written; None if it was. The samples are kept and tried again."""
        return self._writer.error

    def add(self, samples: Sequence[Sample]) -> None:
        """Take finished samples; never waits for the disk."""
        self._writer.add(samples)

    def finish(
        self,
        facts: RunFacts,
        *,
        validity: Literal["VALID", "INVALID"] | None,
        reasons: Sequence[str] = (),
        environment: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what is left, the stages and how the run ended.

        Args:
            facts: of the run.
            validity: None without a judgement.
            reasons: why it is invalid, or what lessens its worth.
            environment: in place of the one at the start; left out, that stays.

        Raises:
            RowsLostError: samples are not in the store; how many and why. The rest was written, and the run is INVALID.
            StoreError: the end of the run could not be written.
        """
        lost: RowsLostError | None = None
        try:
            self._close()
        except RowsLostError as error:
            lost, validity, reasons = error, "INVALID", [*reasons, str(error)]
        try:
            self._write_end(facts, validity=validity, reasons=reasons, environment=environment)
        except StoreError as error:
            raise (lost or error) from error
        if lost is not None:
            raise lost

    def _write_end(
        self,
        facts: RunFacts,
        *,
        validity: Literal["VALID", "INVALID"] | None,
        reasons: Sequence[str],
        environment: Mapping[str, Any] | None,
    ) -> None:
        bounds = zip(self._plan.stages, facts.stage_bounds, strict=False)
        rows = [
            (self.run, number, began, ended, stage.users, stage.rate)
            for number, (stage, (began, ended)) in enumerate(bounds)
        ]
        with Store(self._path, LOAD_ROOM) as store:
            store.replace(STAGES, rows)
            end_run(
                store,
                self.run,
                validity=validity,
                reasons=reasons,
                interrupted=facts.interrupted,
                ended=facts.ended,
                environment=environment,
            )

    def _close(self) -> None:
        self._closed = True
        self._writer.close()
