"""The example of docs/WORKLOADS.md is a workload, and the page names every field."""

import re
from pathlib import Path

import pytest

from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.reading import read_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload

PAGE = (Path(__file__).parents[5] / "docs" / "WORKLOADS.md").read_text("utf-8")


def test_the_example_is_a_workload(tmp_path):
    (tmp_path / "w.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8")
    source = WorkloadItems(read_workload(tmp_path / "w.yaml"))
    assert {source.item(number).kind for number in range(50)} == {"question", "report"}


@pytest.mark.parametrize("model", [Workload, Entry, Prompts], ids=lambda model: model.__name__)
def test_every_field_is_named(model):
    named = set(re.findall(r"`(?:\w+: \{)?(\w+)", PAGE)) | set(re.findall(r"^ *(?:- )?(\w+):", PAGE, re.MULTILINE))
    assert set(model.model_fields) - {"about"} <= named


@pytest.mark.parametrize("level", re.findall(r"`(\w+ [<>] [^`]+)`", PAGE))
def test_every_service_level_can_be_read(level):
    assert parse_service_level(level)
