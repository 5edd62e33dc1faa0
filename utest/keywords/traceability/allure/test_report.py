"""A small run of Robot Framework, and its page by the real generator."""

import base64
import json
import re
import shutil

import pytest
import typer
from typer.testing import CliRunner

from keywords.engine.processes.node import NodeUnavailableError, find_node
from keywords.qa.allure import report
from keywords.traceability.allure import report as allure_report
from keywords.traceability.allure.install import AllureUnavailableError, install_allure, installed_allure
from keywords.traceability.allure.report import AllureReportError, write_allure_page
from utest.python_runs import run_python

SUITE = """\
*** Settings ***
Metadata    Model    a-small-model
Metadata    Missing need gpu    needs gpu: this machine has none

*** Test Cases ***
A fact that holds
    [Tags]    req:API-001    allure.epic:api    allure.feature:API-001 It lives    allure.label.ALLURE_ID:1
    Log    answered

A fact that does not hold
    [Tags]    req:API-002    allure.epic:api    allure.feature:API-002 It lists    allure.label.ALLURE_ID:2
    Should Be Equal    1    2

A row that cannot be judged
    [Tags]    req:API-002    allure.epic:api    allure.feature:API-002 It lists    allure.label.ALLURE_ID:3
    Evaluate    {}['choices']

A need that is not met
    [Tags]    needs:gpu    allure.epic:gpu    allure.feature:GPU-001 It is fast    allure.label.ALLURE_ID:4
    Skip    needs gpu: this machine has none

A row that does not want to run
    [Tags]    req:API-002    allure.epic:api    allure.feature:API-002 It lists    allure.label.ALLURE_ID:6
    Skip    not today

A row on a busy machine
    [Tags]    req:API-002    allure.epic:api    allure.feature:API-002 It lists    allure.label.ALLURE_ID:7
    Skip    INCONCLUSIVE: load 14 on 2 cores

A fault that is known
    [Tags]    req:API-002    allure.epic:api    allure.feature:API-002 It lists    allure.label.ALLURE_ID:5
    Skip    known BUG-0001: the list is empty
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "suite.robot").write_text(SUITE)
    listener = "allure_robotframework:allure-results"
    options = ("--outputdir", ".", "--log", "NONE", "--report", "NONE", "--listener", listener)
    done = run_python("robot", *options, "suite.robot", cwd=folder)
    assert done.returncode == 2, done.stderr
    return folder


@pytest.fixture(scope="module")
def generator():
    try:
        return install_allure(find_node())
    except (NodeUnavailableError, AllureUnavailableError) as err:
        pytest.skip(f"the Allure generator cannot be installed here: {err}")


def make(run, to, name="A small run"):
    return write_allure_page(results=run / "allure-results", output=run / "output.xml", to=to, name=name)


@pytest.fixture(scope="module")
def made(run, generator, tmp_path_factory):
    assert generator.is_file()
    return make(run, tmp_path_factory.mktemp("out") / "allure")


def data(page, name):
    found = re.search(rf"""d\("{re.escape(name)}","([A-Za-z0-9+/=]+)"\)""", page.read_text(encoding="utf-8"))
    assert found, f"the page has no {name}"
    return json.loads(base64.b64decode(found[1]))


def history_of(page):
    return (page.parent.parent / "history" / "allure-history.jsonl").read_text(encoding="utf-8").splitlines()


def test_the_page_shows_every_row_with_its_honest_status(made):
    assert (made.rows, made.missing) == (7, [])
    counts = data(made.page, "widgets/statistic.json")
    assert {name: counts[name] for name in ("total", "passed", "failed", "broken", "skipped")} == {
        "total": 7,
        "passed": 1,
        "failed": 1,
        "broken": 1,
        "skipped": 4,
    }


def test_each_row_that_did_not_pass_falls_into_the_category_that_says_why(made):
    nodes = data(made.page, "widgets/categories.json")["nodes"]

    def rows_below(node):
        below = [row for child in node.get("childrenIds", ()) for row in rows_below(nodes[child])]
        return [node["name"]] if node["type"] == "tr" else below

    found = {node["name"].split(":")[0]: rows_below(node) for node in nodes.values() if node["type"] == "category"}
    assert found == {
        "Product defect": ["A fact that does not hold"],
        "Broken test": ["A row that cannot be judged"],
        "Known bug": ["A fault that is known"],
        "Unexpected skip": ["A row that does not want to run"],
        "Inconclusive": ["A row on a busy machine"],
        "Skipped": ["A need that is not met"],
    }


def test_a_product_defect_stands_below_its_requirement(made):
    nodes = data(made.page, "widgets/categories.json")["nodes"].values()
    assert [node["value"] for node in nodes if node["type"] == "group"] == ["API-002 It lists"]


def test_rows_stand_below_area_and_requirement(made):
    tree = data(made.page, "widgets/tree.json")
    areas = [tree["groupsById"][one] for one in tree["root"]["groups"]]
    assert {area["name"]: [tree["groupsById"][one]["name"] for one in area["groups"]] for area in areas} == {
        "api": ["API-001 It lives", "API-002 It lists"],
        "gpu": ["GPU-001 It is fast"],
    }


def test_the_run_and_the_machine_are_named(made):
    environment = {one["name"]: one["values"] for one in data(made.page, "widgets/allure_environment.json")}
    assert environment["Model"] == ["a-small-model"]
    assert {"Robot Framework", "Python", "Operating system", "CPU"} <= set(environment)


def test_the_page_is_one_file_that_loads_nothing_from_outside(made):
    assert [path.name for path in made.page.parent.iterdir()] == ["index.html"]
    html = made.page.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in html
    assert "googletagmanager" not in html
    assert "google-analytics" not in html
    assert re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["'](?!data:)[^>]{0,60}""", html) == []


def test_a_page_made_again_takes_its_own_place_in_the_history(made, run):
    assert len(history_of(made.page)) == 1
    make(run, made.page.parent)
    assert len(history_of(made.page)) == 1


def test_the_run_before_stays_in_the_history(made, run, tmp_path):
    (before,) = history_of(made.page)
    earlier = json.loads(before)
    for result in earlier["testResults"].values():
        result["id"] = "of another run"
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "allure-history.jsonl").write_text(json.dumps(earlier) + "\n")
    after = history_of(make(run, tmp_path / "allure").page)
    assert [set(json.loads(line)["testResults"]) for line in after] == [set(earlier["testResults"])] * 2


@pytest.mark.parametrize(
    "content",
    [
        b'{"testRes',
        b"null",
        b"[]",
        b"{}",
        b'{"testResults": []}',
        b'{"testResults": {"a": null}}',
        b'{"testResults": {"a": {}}}',
        b'{"testResults": {"a": {"id": []}}}',
        b"\xff\xfe{}",
        b"[" * 100_000,
    ],
)
def test_a_damaged_history_is_named(run, tmp_path, content):
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "allure-history.jsonl").write_bytes(content)
    with pytest.raises(AllureReportError, match=r"allure-history\.jsonl is damaged .*remove it"):
        make(run, tmp_path / "allure")


def test_a_history_that_cannot_be_read_is_named(run, tmp_path):
    (tmp_path / "history" / "allure-history.jsonl").mkdir(parents=True)
    with pytest.raises(AllureReportError, match=r"allure-history\.jsonl is damaged .*remove it"):
        make(run, tmp_path / "allure")


def test_what_the_generator_refuses_is_told_and_the_page_before_stays(run, generator, tmp_path, monkeypatch):
    assert generator.is_file()
    monkeypatch.setattr(allure_report, "_config", lambda name: {"name": name, "output": "page", "misspelt": 1})
    (tmp_path / "allure").mkdir()
    (tmp_path / "allure" / "index.html").write_text("before")
    with pytest.raises(AllureReportError, match="misspelt"):
        make(run, tmp_path / "allure")
    assert (tmp_path / "allure" / "index.html").read_text() == "before"
    assert not (tmp_path / "history").exists()


@pytest.fixture
def command(tmp_path):
    app = typer.Typer()
    app.command()(report)

    def invoke(run, *words):
        files = ["--results", str(run / "allure-results"), "--output", str(run / "output.xml")]
        return CliRunner().invoke(app, [*files, "--to", str(tmp_path / "allure"), *words])

    return invoke


@pytest.fixture
def _offline(monkeypatch, tmp_path):
    def refuse(_node):
        raise AllureUnavailableError("the Allure page needs the npm registry once, to install its generator")

    monkeypatch.setattr(allure_report, "install_allure", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_command_prints_where_the_page_is(command, run, generator, tmp_path):
    assert generator == installed_allure()
    done = command(run)
    assert (done.exit_code, done.stdout) == (0, f"Allure page of 7 rows: {tmp_path / 'allure' / 'index.html'}\n")


@pytest.mark.usefixtures("_offline")
@pytest.mark.parametrize(("words", "code"), [((), 3), (("--if-possible",), 0)])
def test_without_the_generator_the_note_names_robots_report(command, run, words, code):
    done = command(run, *words)
    assert done.exit_code == code
    assert "NOTE: no Allure page: the Allure page needs the npm registry once" in done.stderr
    assert str(run / "report.html") in done.stderr


def test_a_row_without_a_result_is_told_and_fails_the_command(command, run, generator, tmp_path):
    assert generator.is_file()
    partial = tmp_path / "partial"
    shutil.copytree(run, partial)
    lost = next(path for path in (partial / "allure-results").glob("*-result.json") if "is known" in path.read_text())
    lost.unlink()
    done = command(partial)
    assert done.exit_code == 1
    assert "1 rows left Allure no result: Suite.A fault that is known" in done.stderr


def test_without_any_result_the_listener_is_named(command, run, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copy(run / "output.xml", tmp_path / "empty")
    done = command(tmp_path / "empty")
    assert done.exit_code == 1
    assert "--listener allure_robotframework:" in done.stderr
