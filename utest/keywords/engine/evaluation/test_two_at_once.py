"""Two programs at one run: the second is told, asks nothing, and takes nothing from the first."""

import httpx2
import pytest

from keywords.engine.evaluation.sentences import sentence
from keywords.engine.store.errors import BusyStoreError


def test_a_run_that_is_under_way_is_not_resumed(laboratory, make):
    told = []

    def answer(_):
        if not told:
            with pytest.raises(BusyStoreError, match="run 1 is under way in another program") as raised:
                laboratory.run(resume=1)
            told.append(str(raised.value))
        return httpx2.Response(200, json=make.completion("Paris"))

    laboratory.gateway.answer = answer
    laboratory.run()
    assert len(told) == 1
    assert len(laboratory.gateway.asked) == 20
    assert "resumed" not in sentence(laboratory.score(1))


def test_another_run_of_the_same_store_is_not_kept_waiting(laboratory, make):
    inner = []

    def answer(_):
        if not inner:
            inner.append(0)
            inner[0] = laboratory.run(limit=5)
        return httpx2.Response(200, json=make.completion("Paris"))

    laboratory.gateway.answer = answer
    assert laboratory.run() == 1
    assert inner == [2]
