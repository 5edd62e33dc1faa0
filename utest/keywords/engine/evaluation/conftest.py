"""A model of which a test says what it answers, and runs of it."""

import json

import httpx2
import pytest

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.engine.evaluation.prompting import Sampling
from keywords.engine.evaluation.runs import Plan, run_evaluation
from keywords.engine.evaluation.scores import read_score
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.store.database import Store
from keywords.run.places import DATASETS

CATALOGUE = Catalogue(DATASETS)


class Laboratory:
    def __init__(self, gateway, make, path):
        self.gateway, self.path, self._make = gateway, path, make

    def answers(self, right, otherwise="no such thing"):
        """Answer rightly where `right(question)` holds, else with another text."""
        known = {item.question: item.references[0] for item in CATALOGUE.load("short-facts").items}

        def answer(request):
            question = json.loads(request.content)["messages"][-1]["content"]
            text = known[question] if right(question) else otherwise
            return httpx2.Response(200, json=self._make.completion(text))

        self.gateway.answer = answer

    def run(self, name="short-facts", *, limit=None, resume=None, **asked):
        own = {field: asked.pop(field) for field in ("concurrency", "use_cache", "scorers") if field in asked}
        plan = Plan(CATALOGUE.load(name, limit=limit), Sampling(**asked), **{"concurrency": 1, **own})
        return run_evaluation(self.path, self.gateway.client, plan, server="memory 1", resume=resume)

    def score(self, run, scorer=""):
        with Store(self.path, ROOM) as store:
            return read_score(store, run, scorer)


@pytest.fixture
def laboratory(gateway, make, tmp_path):
    return Laboratory(gateway, make, tmp_path / "measurements.db")
