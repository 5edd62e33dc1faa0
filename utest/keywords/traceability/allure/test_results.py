import json
from pathlib import Path

import pytest

from keywords.traceability.allure.files import ResultError
from keywords.traceability.allure.results import (
    PAGE_FILE_LIMIT,
    PAGE_FILES_LIMIT,
    make_readable,
    stage_results,
    status_of,
)
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row


def run_of(folder: Path, *names: str, evidence: str | None = None) -> Run:
    results = tuple(Result(Row(name, "Suites.Api", ()), "PASS", evidence=evidence) for name in names)
    return Run(folder / "output.xml", results, {}, "", 0.0)


def write_result(folder: Path, name: str, *, uuid: str, start: int = 1, **more: object) -> None:
    folder.mkdir(exist_ok=True)
    result = {"uuid": uuid, "name": name, "fullName": f"Suites.Api.{name}", "status": "passed", "start": start, **more}
    (folder / f"{uuid}-result.json").write_text(json.dumps(result))


def staged_results(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*-result.json"))]


@pytest.mark.parametrize(
    "message",
    [
        "the error has no 'code'",
        "1 != 2",
        "The finish reason is wrong: length != stop",
        "Status: 500 is not 400",
        "AssertionError",
        "OpenAI: the client raised nothing",
        "1 != 2\n\nAlso teardown failed:\nOSError: [Errno 28] No space left on device",
        "Teardown failed:\nthe log holds a prompt",
        "Several failures occurred:\n\n1) KeyError: 'choices'\n\n2) 1 != 2",
        "",
    ],
)
def test_a_verdict_on_the_gateway_is_failed(message):
    assert status_of(message) == "failed"


@pytest.mark.parametrize(
    "message",
    [
        "KeyError: 'choices'",
        "KeyError",
        "OSError: [Errno 28] No space left on device",
        "ReadTimeout: timed out",
        "GatewayRefused: 503 backend_unavailable",
        "*HTML* ValueError: <b>no</b>",
        "No keyword with name 'Strem Chat' found.",
        "Variable '${NOWHERE}' not found.",
        "Keyword 'Demo.Ask' expected 2 arguments, got 4.",
        """Evaluating expression "{}['choices']" failed: KeyError: 'choices'""",
        "Test timeout 300 milliseconds exceeded.",
        "Setup failed:\n1 != 2",
        "Parent suite setup failed:\nthe gateway was not ready within 20 s",
        "Teardown failed:\nOSError: [Errno 28] No space left on device",
        "Several failures occurred:\n\n1) KeyError: 'choices'\n\n2) OSError: gone",
    ],
)
def test_a_row_without_verdict_is_broken(message):
    assert status_of(message) == "broken"


def test_only_failed_results_change_their_status():
    skipped = {"fullName": "Suites.A", "status": "skipped", "statusDetails": {"message": "KeyError: 'x'"}}
    make_readable(skipped)
    assert skipped["status"] == "skipped"


def test_steps_lose_their_library_and_their_repeated_message():
    logged = [
        {"name": "it broke"},
        {"name": "127.0.0.1 answered"},
        {"name": "keywords.client.chat.ChatLibrary.Ask About v1.2"},
    ]
    step = {"name": "BuiltIn.Should Be Equal", "statusDetails": {"message": "it broke"}, "steps": logged}
    result = {"fullName": "Suites.A", "status": "failed", "statusDetails": {"message": "it broke"}, "steps": [step]}
    make_readable(result)
    assert step["name"] == "Should Be Equal"
    assert [below["name"] for below in step["steps"]] == ["127.0.0.1 answered", "Ask About v1.2"]


def test_a_return_which_the_listener_writes_without_a_name_is_no_step():
    step = {"name": "Get Last Request", "steps": [{"name": "Get Recorded Requests"}, {"status": "passed"}]}
    result = {"fullName": "Suites.A", "status": "passed", "steps": [step, {"status": "passed"}]}
    make_readable(result)
    assert [step["name"] for step in result["steps"]] == ["Get Last Request"]
    assert [below["name"] for below in step["steps"]] == ["Get Recorded Requests"]


def test_the_latest_result_of_each_row_of_the_run_is_taken(tmp_path):
    results, to = tmp_path / "results", tmp_path / "staged"
    to.mkdir()
    write_result(results, "Kept", uuid="a-old", start=1)
    write_result(results, "Kept", uuid="b-new", start=2)
    write_result(results, "Kept", uuid="c-older", start=0)
    write_result(results, "Removed from the suites", uuid="d")
    staged = stage_results(results, to, run_of(tmp_path, "Kept", "Left no result"))
    assert staged.uuids == ["b-new"]
    assert staged.missing == ["Suites.Api.Left no result"]
    assert [result["uuid"] for result in staged_results(to)] == ["b-new"]


def test_what_a_result_names_comes_along_and_nothing_else(tmp_path):
    results, to = tmp_path / "results", tmp_path / "staged"
    to.mkdir()
    steps = [{"name": "Ask", "steps": [{"name": "Deep", "attachments": [{"name": "n", "source": "1-attachment.txt"}]}]}]
    write_result(results, "Row", uuid="a", steps=steps)
    write_result(results, "Gone", uuid="z")
    for number in (1, 2, 3):
        (results / f"{number}-attachment.txt").write_text(str(number))
    setup = {"name": "BuiltIn.Log", "attachments": [{"name": "n", "source": "2-attachment.txt"}]}
    ours = {"uuid": "c", "children": ["a"], "befores": [setup]}
    (results / "c-container.json").write_text(json.dumps(ours))
    (results / "e-container.json").write_text(json.dumps({"uuid": "e", "children": ["z"]}))
    stage_results(results, to, run_of(tmp_path, "Row"))
    names = sorted(path.name for path in to.iterdir())
    assert names == ["1-attachment.txt", "2-attachment.txt", "a-result.json", "c-container.json"]
    assert json.loads((to / "c-container.json").read_text())["befores"][0]["name"] == "Log"


def test_evidence_is_attached_within_limits_and_its_folder_is_named(tmp_path):
    results, to, evidence = tmp_path / "results", tmp_path / "staged", tmp_path / "evidence" / "row"
    to.mkdir()
    evidence.mkdir(parents=True)
    (evidence / "index.html").write_text("the page for browsers")
    (evidence / "row.json").write_text('{"started": ""}')
    (evidence / "curl.sh").write_text("curl")
    (evidence / "huge.json").write_bytes(b" " * (PAGE_FILE_LIMIT + 1))
    for number in range(PAGE_FILES_LIMIT):
        (evidence / f"{number:02}-response.sse").write_text("data: [DONE]\n\n")
    write_result(results, "Row", uuid="a", description="What it is about.")
    stage_results(results, to, run_of(tmp_path, "Row", evidence="evidence/row/index.html"))
    (result,) = staged_results(to)
    attached = {attachment["name"]: attachment for attachment in result["attachments"]}
    assert len(attached) == PAGE_FILES_LIMIT
    assert attached["00-response.sse"]["type"] == "text/plain"
    assert (to / attached["00-response.sse"]["source"]).read_text() == "data: [DONE]\n\n"
    assert not {"index.html", "huge.json"} & set(attached)
    assert result["description"] == f"What it is about.\n\nAll evidence of this row: `{evidence.as_posix()}`"


def test_figures_of_rows_and_suites_come_along_and_are_no_attachments(tmp_path):
    results, to = tmp_path / "results", tmp_path / "staged"
    to.mkdir()
    for folder in ("row", "suite"):
        (tmp_path / "evidence" / folder).mkdir(parents=True)
        (tmp_path / "evidence" / folder / "load run 1-perf.json").write_text(f'["{folder}"]')
    (tmp_path / "evidence" / "row" / "index.html").write_text("the page")
    (tmp_path / "evidence" / "row" / "row.json").write_text('{"started": ""}')
    write_result(results, "Row", uuid="a")
    stage_results(results, to, run_of(tmp_path, "Row", evidence="evidence/row/index.html"))
    assert [(to / f"{number}-perf.json").read_text() for number in (0, 1)] == ['["row"]', '["suite"]']
    assert not any(one["name"].endswith("-perf.json") for one in staged_results(to)[0]["attachments"])


def test_the_original_results_stay_as_they_are(tmp_path):
    results, to = tmp_path / "results", tmp_path / "staged"
    to.mkdir()
    write_result(results, "Row", uuid="a", status="failed", statusDetails={"message": "KeyError: 'x'"})
    before = (results / "a-result.json").read_bytes()
    stage_results(results, to, run_of(tmp_path, "Row"))
    assert staged_results(to)[0]["status"] == "broken"
    assert (results / "a-result.json").read_bytes() == before


HOSTILE_RESULTS = [
    b'{"uuid": "a',
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"uuid": null}',
    b'{"uuid": "../../outside"}',
    b'{"uuid": "half \\ud83d"}',
    b'{"uuid": "a", "fullName": 5}',
    b'{"uuid": "a", "start": "now"}',
    b'{"uuid": "a", "start": NaN}',
    b'{"uuid": "a", "status": []}',
    b'{"uuid": "a", "statusDetails": "text"}',
    b'{"uuid": "a", "statusDetails": {"message": 5}}',
    b'{"uuid": "a", "steps": {"x": 1}}',
    b'{"uuid": "a", "steps": [null]}',
    b'{"uuid": "a", "steps": [{"name": 5}]}',
    b'{"uuid": "a", "steps": [{"name": "x", "steps": ["y"]}]}',
    b'{"uuid": "a", "description": {}}',
    b'{"uuid": "a", "attachments": [{"name": "n"}]}',
    b'{"uuid": "a", "attachments": [{"name": "n", "source": "../../../etc/passwd"}]}',
    b'{"uuid": "a", "attachments": [{"name": "n", "source": "/etc/passwd"}]}',
    b"[" * 100_000,
    b'{"uuid": "a", "steps": ' + b'[{"name": "x", "steps": ' * 500 + b"[]" + b"}]" * 500 + b"}",
]
HOSTILE_CONTAINERS = [
    b"null",
    b"{}",
    b'{"uuid": "c", "children": null}',
    b'{"uuid": "c", "children": [[]]}',
    b'{"uuid": "../c", "children": ["a"]}',
    b'{"uuid": "c", "children": ["a"], "befores": [5]}',
    b'{"uuid": "c", "children": ["a"], "befores": [{"attachments": [{"source": "/etc/passwd"}]}]}',
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("x-result.json", content) for content in HOSTILE_RESULTS),
        *(("x-container.json", content) for content in HOSTILE_CONTAINERS),
    ],
)
def test_a_damaged_file_is_named_in_one_sentence(tmp_path, name, content):
    results, to = tmp_path / "results", tmp_path / "staged"
    to.mkdir()
    write_result(results, "Row", uuid="a")
    (results / name).write_bytes(content)
    with pytest.raises(ResultError) as caught:
        stage_results(results, to, run_of(tmp_path, "Row"))
    assert str(caught.value).startswith(f"{results / name} ")
    assert str(caught.value).endswith(": remove it and run the suites again")
    assert "\n" not in str(caught.value)
    assert not any(path.name == "passwd" for path in tmp_path.rglob("*"))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "x-result.json").mkdir()
    with pytest.raises(ResultError, match=r"x-result\.json cannot be read"):
        stage_results(tmp_path, tmp_path, run_of(tmp_path, "Row"))


@pytest.mark.parametrize(
    "optional",
    ["fullName", "start", "status", "statusDetails", "steps", "attachments", "description", "befores", "name"],
)
@pytest.mark.parametrize("absent", ["missing", "null"])
def test_what_allures_format_leaves_optional_may_be_missing(tmp_path, optional, absent):
    results, to = tmp_path / "results", tmp_path / "staged"
    to.mkdir()
    write_result(results, "Row", uuid="a", steps=[], attachments=[], statusDetails={}, description="", befores=[])
    content = json.loads((results / "a-result.json").read_text())
    content = {name: value for name, value in content.items() if name != optional}
    content |= {optional: None} if absent == "null" else {}
    (results / "a-result.json").write_text(json.dumps(content))
    staged = stage_results(results, to, run_of(tmp_path, "Row"))
    assert staged.uuids == ([] if optional == "fullName" else ["a"])


def test_what_a_passed_row_measured_heads_its_description(tmp_path):
    write_result(tmp_path / "in", "A", uuid="a", description="Said.")
    result = Result(Row("A", "Suites.Api", ()), "PASS", "4 of 20 succeeded")
    (tmp_path / "out").mkdir()
    stage_results(tmp_path / "in", tmp_path / "out", Run(tmp_path / "output.xml", (result,), {}, "", 0.0))
    assert staged_results(tmp_path / "out")[0]["description"] == "**4 of 20 succeeded**\n\nSaid."
