"""The keywords of evaluation before a gateway in memory, with a store and pages in a folder of the test."""

from contextlib import contextmanager
from types import SimpleNamespace

import httpx2
import pytest

from keywords.engine.evaluation.catalogue import Catalogue
from keywords.evaluation import measurements, sets
from keywords.run import target
from keywords.run.places import DATASETS

FACTS = Catalogue(DATASETS).load("short-facts").items


@pytest.fixture
def model(gateway, make, monkeypatch, tmp_path):
    """A model: `says(reply of a question)` decides what it answers."""

    @contextmanager
    def unrecorded_client(_model):
        yield gateway.client

    found = SimpleNamespace(url=gateway.client.base_url, is_our_gateway=True, version="1")
    monkeypatch.setattr(target, "unrecorded_client", unrecorded_client)
    monkeypatch.setattr(sets, "current_target", lambda: found)
    monkeypatch.setattr(sets, "store_path", lambda: tmp_path / "measurements.db")
    monkeypatch.setattr(measurements, "evidence_folder", lambda: tmp_path)

    def says(reply):
        def answer(_):
            body = gateway.bodies[-1]
            return httpx2.Response(200, json=make.completion(reply(body["messages"][-1]["content"], body)))

        gateway.answer = answer

    return SimpleNamespace(says=says, gateway=gateway, folder=tmp_path, found=found)


@pytest.fixture
def knows(model):
    """The model knows the first so many short facts, and says something wrong of the others."""

    def set_known(count):
        known = {item.question: item.references[0] for item in FACTS[:count]}
        model.says(lambda question, _: known.get(question, "no such thing"))

    return set_known
