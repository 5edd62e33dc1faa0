"""Locustfile: users that read streamed answers as this project's load engine does, on one machine or on many.

    locust -f …/locustfile.py --headless --host http://host:8000 --load-users 1,10,20 --load-for 30s

Options begin with `--load-`; `keywords.engine.load.locust.options` describes them. Every request becomes a row of the
store of the master's machine. Locust's own statistics show the time of whole answers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from locust import LoadTestShape, User, events, task
from locust.exception import StopUser
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from keywords.engine import clock
from keywords.engine.load.errors import LoadInputError
from keywords.engine.load.locust.options import HELP, load_of
from keywords.engine.load.locust.packing import BETWEEN_STAGES, FACTS, pack_facts
from keywords.engine.load.locust.recorder import LocustRecorder
from keywords.engine.load.locust.ticks import stage_at
from keywords.engine.load.locust.worker import LocustWorker
from keywords.engine.load.validity import judge
from keywords.engine.store.errors import StoreError

if TYPE_CHECKING:
    from keywords.engine.load.locust.options import LocustLoad
    from keywords.engine.load.sample import Sample

_KEY = "GATEWAY_API_KEY"
_LEAD_S = 1.0
"""From the order to begin to the first arrival, so that no worker is late for it."""
_LAST_REPORT_S = 15.0
"""Longest wait for each worker's last report, once its answers are drained; Locust's own wait is half a second."""
_BEGIN, _STAGE, _END, _LAST = "load_begin", "load_stage", "load_end", "load_last_report"
_UNUSABLE = 2


class State:
    """What this process does: it sends, keeps, or both."""

    load: LocustLoad | None = None
    worker: LocustWorker | None = None
    recorder: LocustRecorder | None = None
    begun_s: float | None = None
    runner: Any = None
    handed_over: ClassVar[set[str]] = set()


class LoadUser(User):  # type: ignore[misc]  # Locust is not installed where types are checked
    """Sends, reads the answer, and sends again; where arrivals are replayed, sends those of its process instead."""

    def on_start(self) -> None:
        """Come."""
        assert State.worker is not None  # noqa: S101  # made when the test starts
        self._number = State.worker.new_user()
        self._ready_s = clock.now()

    @task  # type: ignore[untyped-decorator]
    def send(self) -> None:
        """Send one request, or all arrivals."""
        assert State.worker is not None  # noqa: S101  # as above
        assert State.load is not None  # noqa: S101  # as above
        if State.load.plan.arrivals is not None:
            State.worker.send_arrivals()
            raise StopUser
        sample = State.worker.send_next(self._number, self._ready_s)
        self._ready_s = sample.t_done or clock.now()


class Stages(LoadTestShape):  # type: ignore[misc]  # as above
    """The stages of the load plan, or one user for each process until the arrivals are over."""

    def tick(self) -> tuple[int, float] | None:
        """Users now; None at the end."""
        if State.load is None:
            return None
        plan, passed = State.load.plan, self.get_run_time()
        if plan.arrivals is not None:
            workers = _worker_count(self.runner)
            passed = -1.0 if State.begun_s is None else clock.now() - State.begun_s
            return None if passed >= sum(stage.duration_s or 0.0 for stage in plan.stages) else (workers, workers)
        users = [stage.users or 0 for stage in plan.stages]
        number = stage_at(passed, plan.stages[0].duration_s or 1.0)
        if State.recorder is not None and number > State.recorder.stages_done:
            State.recorder.close_stage()
            _tell_stage(BETWEEN_STAGES)
        return (users[number], max(users)) if number < len(users) else None


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_options(parser: Any) -> None:
    """Add the options of the load plan."""
    for option, (default, text) in HELP.items():
        parser.add_argument(option, default=default, help=text)


@events.init.add_listener  # type: ignore[untyped-decorator]
def register(environment: Any, **_: Any) -> None:
    """Let the master tell its workers when the arrivals begin, and refuse what cannot be planned."""
    State.runner = environment.runner
    environment.runner.register_message(_BEGIN, on_begin)
    environment.runner.register_message(_STAGE, on_stage)
    environment.runner.register_message(_END, on_end, concurrent=True)
    environment.runner.register_message(_LAST, on_last_report)
    if not isinstance(environment.runner, WorkerRunner):
        try:
            State.load = _load(environment)
        except LoadInputError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(_UNUSABLE)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def start(environment: Any, **_: Any) -> None:
    """Make what this process does; a worker has its master's options by now."""
    runner = environment.runner
    State.load = _load(environment)
    if not isinstance(runner, WorkerRunner):
        try:
            State.recorder = LocustRecorder(State.load)
        except StoreError as error:
            sys.stderr.write(f"{error}\n")
            environment.process_exit_code = _UNUSABLE
            return
    if not isinstance(runner, MasterRunner):
        number = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        State.worker = LocustWorker(State.load.plan, number, lambda sample: _count(environment, sample))


@events.spawning_complete.add_listener  # type: ignore[untyped-decorator]
def begin_stage(**_: Any) -> None:
    """Begin the stage, or the arrivals: the users are there."""
    recorder, load = State.recorder, State.load
    if recorder is None or load is None:
        return
    if load.plan.arrivals is None:
        recorder.open_stage()
        _tell_stage(recorder.stages_done)
    elif State.begun_s is None:
        State.begun_s = clock.now() + _LEAD_S + load.plan.warmup_s
        runner = State.runner
        order = {"at": time.time() - clock.now() + State.begun_s, "workers": _worker_count(runner)}
        if isinstance(runner, MasterRunner):
            runner.send_message(_BEGIN, order)
        elif State.worker is not None:
            State.worker.begin(State.begun_s, 1)


def on_begin(msg: Any, **_: Any) -> None:
    """Begin the arrivals at the master's moment, by the wall clock."""
    if State.worker is not None:
        State.worker.begin(msg.data["at"] - (time.time() - clock.now()), msg.data["workers"])


@events.report_to_master.add_listener  # type: ignore[untyped-decorator]
def report(data: dict[str, Any], **_: Any) -> None:
    """Add the samples to what a worker reports."""
    if State.worker is not None:
        data["load"] = _report(State.worker)


@events.worker_report.add_listener  # type: ignore[untyped-decorator]
def take_report(client_id: str, data: dict[str, Any], **_: Any) -> None:
    """Take the samples of a worker."""
    if State.recorder is not None and "load" in data:
        State.recorder.take(client_id, data["load"], data["load"]["offset"])


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def hand_over(environment: Any, **_: Any) -> None:
    """Send the last report, as a worker; as the master, let all workers end and wait for theirs."""
    runner = State.runner
    if isinstance(runner, WorkerRunner) and State.worker is not None:
        State.worker.end()
        runner.send_message(_LAST, _report(State.worker))
    if isinstance(runner, MasterRunner):
        runner.send_message(_END)
        until_s = clock.now() + (environment.stop_timeout or 0.0) + _LAST_REPORT_S
        while clock.now() < until_s and _without_last_report(runner):
            gevent.sleep(0.05)


def on_stage(msg: Any, **_: Any) -> None:
    """Note the master's stage."""
    if State.worker is not None:
        State.worker.set_stage(msg.data)


def on_end(environment: Any, **_: Any) -> None:
    """Let the users of this worker end with their answers, before the master ends the worker."""
    environment.runner.stop()


def on_last_report(msg: Any, **_: Any) -> None:
    """Take a worker's last report."""
    if State.recorder is not None:
        State.recorder.take(msg.node_id, msg.data, msg.data["offset"])
        State.handed_over.add(msg.node_id)


@events.test_stopping.add_listener  # type: ignore[untyped-decorator]
def end_stage(**_: Any) -> None:
    """End the last stage before its answers are drained."""
    if State.worker is not None:
        State.worker.drain()
    if State.recorder is not None:
        _close_stages(State.recorder)


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def finish(environment: Any, **_: Any) -> None:
    """Write what is left, and say what the run is worth."""
    recorder, runner = State.recorder, environment.runner
    if recorder is None:
        return
    if State.worker is not None:
        State.worker.end()
        recorder.take("local", State.worker.report())
    lost = []
    if isinstance(runner, MasterRunner):
        lost = [f"worker {name} handed over no last report" for name in _without_last_report(runner)]
    try:
        facts = recorder.finish(lost)
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        environment.process_exit_code = _UNUSABLE
        return
    if FACTS in os.environ:
        Path(os.environ[FACTS]).write_text(json.dumps(pack_facts(recorder.run, facts)), "utf-8")
    validity = judge(facts)
    sys.stderr.write(f"load run {recorder.run} in {State.load.store if State.load else ''}: {validity}\n")
    environment.process_exit_code = 0 if validity.is_valid else _UNUSABLE


def _close_stages(recorder: LocustRecorder) -> None:
    load = State.load
    if load is None or load.plan.arrivals is None:
        recorder.close_stage()
        return
    if State.begun_s is None:
        return
    begun_s = State.begun_s
    for stage in load.plan.stages:
        ended_s = begun_s + (stage.duration_s or 0.0)
        if ended_s > clock.now():
            break
        recorder.open_stage(begun_s)
        recorder.close_stage(ended_s)
        begun_s = ended_s


def _tell_stage(stage: int) -> None:
    if isinstance(State.runner, MasterRunner):
        State.runner.send_message(_STAGE, stage)
    elif State.worker is not None:
        State.worker.set_stage(stage)


def _report(worker: LocustWorker) -> dict[str, Any]:
    return {**worker.report(), "offset": time.time() - clock.now()}


def _without_last_report(runner: Any) -> list[str]:
    return sorted(set(runner.clients) - State.handed_over)


def _load(environment: Any) -> LocustLoad:
    return load_of(vars(environment.parsed_options), url=environment.host or "", api_key=os.environ.get(_KEY) or None)


def _count(environment: Any, sample: Sample) -> None:
    """Count a whole or failed answer in Locust's own statistics."""
    if sample.cancelled or sample.t_sent is None or sample.t_done is None:
        return
    environment.events.request.fire(
        request_type="POST",
        name=sample.kind,
        response_time=(sample.t_done - sample.t_sent) * 1000,
        response_length=sample.text_length,
        exception=None if sample.error is None else RuntimeError(f"{sample.error}: {sample.error_message}"),
        context={},
    )


def _worker_count(runner: Any) -> int:
    return 1 if isinstance(runner, LocalRunner) else max(1, runner.worker_count)
