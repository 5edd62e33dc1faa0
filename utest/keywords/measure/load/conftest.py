"""Load runs made of samples, as the keywords get them."""

import numpy as np
import pytest

from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import ClientHealth, RunFacts
from keywords.engine.load.sample import Sample
from keywords.engine.load.session import LoadRun
from keywords.engine.load.storage.columns import columns_of
from keywords.engine.load.validity import judge
from keywords.engine.machine import Machine
from keywords.measure.load import requests, verdicts
from keywords.run import inconclusive

IDLE, BUSY = (Machine(load=load, cores=1, wait_ratio=load or 1.0) for load in (0.0, 20.0))


@pytest.fixture
def machine(monkeypatch):
    """Say what the machine is like; idle at first."""

    def be(state):
        for module in (verdicts, requests):
            monkeypatch.setattr(module, "measure_machine", lambda: state)
        monkeypatch.setattr(inconclusive, "measure_machine", lambda: state)

    be(IDLE)
    return be


@pytest.fixture
def busy(machine):
    machine(BUSY)


def sample(number, ttft_s=0.1, *, stage=0, error=None, at=None):
    sent = number / 10 if at is None else at
    first = None if error else sent + ttft_s
    done = sent + ttft_s + 0.1
    return Sample(
        item=number,
        stage=stage,
        t_intended=sent,
        t_queued=sent,
        t_sent=sent,
        t_first_byte=first,
        t_first_content=first,
        t_last_content=None if error else done,
        t_done=done,
        streamed=True,
        status=500 if error else 200,
        error=error,
        prompt_tokens=20,
        output_tokens=None if error else 10,
        tokens_source=None if error else "usage",
    )


@pytest.fixture
def made(machine, tmp_path):  # noqa: ARG001  # idle
    """Make a load run of samples; the machine is idle."""

    class Made:
        sample = staticmethod(sample)

        @staticmethod
        def run(samples, *, windows=(), lag_s=0.0, planned=None, **more):
            lags = np.full(400, lag_s)
            facts = RunFacts(
                started_at=0.0,
                started=0.0,
                ended=10.0,
                stage_bounds=tuple(windows) or ((0.0, 10.0),),
                planned=(planned,),
                interrupted=False,
                clients=(ClientHealth(0, 0.1, {0: lags}, 1.0, 1),),
                begun=(len(samples),),
            )
            return LoadRun(
                run=1,
                store=tmp_path / "measurements.db",
                series="series",
                plan=LoadPlan(Target("http://server.test", "model"), None, (Stage(10.0, users=1),)),
                facts=facts,
                summary=Summary(columns_of(samples, facts.stage_bounds)),
                validity=judge(facts),
                cautions=(),
                signals=tuple(more.get("signals", ())),
                pages_at=(0.0, 1.0),
                server_problem=None if more.get("signals") else "/metrics answered 404",
                happened=tuple(more.get("happened", ())),
            )

    return Made
