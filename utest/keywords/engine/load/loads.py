"""Small load runs against a scripted backend."""

import json
import threading

import numpy as np

from keywords.engine.load.arrivals import Arrivals
from keywords.engine.load.plan import LoadPlan, Target
from keywords.engine.load.run import run_load
from keywords.engine.scripted.backend import Fault, Script, words
from utest.keywords.engine.load.sources import Numbered

FAST = Script(chunks=words(3), chunk_delay=0.002)
SLOW = Script(chunks=words(2), first_delay=0.15)
ENDLESS = Script(fault=Fault("silence", after=2))


class Kept:
    """A sink that keeps all samples, and may act at the n-th."""

    def __init__(self, at=None, act=None):
        self.samples, self.at, self.act = [], at, act

    def add(self, samples):
        assert samples
        assert threading.current_thread() is threading.main_thread()
        self.samples += samples
        if self.act is not None and len(self.samples) >= self.at:
            act, self.act = self.act, None
            act()


def load(backend, *stages, source=None, sink=None, run=None, **plan):
    sink = sink or Kept()
    target = Target(backend.url, "scripted")
    facts = run_load(LoadPlan(target, source or Numbered(), stages, **plan), [sink], **(run or {}))
    return facts, sorted(sink.samples, key=lambda sample: (sample.t_intended, sample.item))


def arrivals(*at_s, stages=None):
    return Arrivals(np.array(at_s, float), np.array(stages or [0] * len(at_s), np.int32), "test")


def said(backend):
    return [json.loads(body)["messages"][-1]["content"] for body in backend.chat_bodies()]
