"""The workloads that come with the suite are sound, small enough for a laptop's model, and checked by editors."""

import json
from pathlib import Path

import pytest

from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.json_schema import PLACE, schema_text
from keywords.engine.load.workload.reading import read_workload
from keywords.engine.load.workload.schema import Workload

FOLDER = Path(__file__).parents[5] / "resources" / "workloads"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))


def words(item):
    return sum(len(message["content"].split()) for turn in item.turns for message in turn.messages)


def test_there_is_one_for_each_kind_of_traffic():
    assert [path.stem for path in EXAMPLES] == ["long_context", "multi_turn", "short_chat"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_sound(path):
    workload = read_workload(path)
    assert workload.spec.name == path.stem.replace("_", "-")
    assert workload.spec.about
    assert workload.spec.service_levels
    assert path.read_text().startswith(f"# yaml-language-server: $schema={PLACE.name}\n")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_the_embedded_models_context(path):
    source = WorkloadItems(read_workload(path))
    items = [source.item(number) for number in range(500)]
    assert {item.kind for item in items} == {entry.name for entry in source.workload.spec.mix}
    assert all(words(item) * 1.05 + sum(turn.fields["max_tokens"] for turn in item.turns) < 2048 for item in items)


def test_the_long_documents_are_shared():
    source = WorkloadItems(read_workload(FOLDER / "long_context.yaml"))
    shared = [source.item(number).turns[0].messages[0]["content"][:200] for number in range(200)]
    common = [text for number, text in enumerate(shared) if source.item(number).kind == "common-document"]
    assert len(set(common)) == 3
    assert len(common) == pytest.approx(160, abs=20)


def test_the_schema_of_editors_is_current():
    written = PLACE.read_text(encoding="utf-8")
    assert written == schema_text(), "python -m keywords.engine.load.workload.json_schema writes it"


def test_the_schema_names_all_fields_and_the_form_of_durations():
    schema = json.loads(schema_text())
    assert set(schema["properties"]) == set(Workload.model_fields)
    assert schema["additionalProperties"] is False
    assert "pattern" in json.dumps(schema["$defs"]["Entry"]["properties"]["think"])
