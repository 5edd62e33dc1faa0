"""Real runs of Robot Framework with the modifier and the listener."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from keywords.engine.evidence.folders import work_of_suite
from keywords.traceability.evidence.row import _short
from keywords.traceability.results import read_output


def folder(project, name):
    return next((project.results / "evidence").glob(f"{name}-*"))


def test_the_run_ends_as_its_rows_do(finished):
    assert finished.process.returncode == 1, finished.process.stdout + finished.process.stderr
    assert finished.process.stderr == ""


def test_each_row_leaves_its_facts_and_exchanges(finished):
    row = json.loads((folder(finished, "a-question-is-answered") / "row.json").read_bytes())
    assert row["status"] == "PASS"
    assert row["requirements"] == ["CHAT-001"]
    assert row["parameters"] == [{"model": "m", "seed": 7, "key": "<secret>"}]
    assert row["exchanges"] == 1
    assert {"python", "platform", "robotframework"} <= set(row["versions"])
    names = {path.name for path in folder(finished, "a-question-is-answered").iterdir()}
    assert names == {"row.json", "index.html", "01-exchange.json", "01-request.json", "01-response.json"}


def test_the_page_of_a_row_says_what_it_proves_and_leads_back(finished):
    page = (folder(finished, "a-question-is-answered") / "index.html").read_text()
    assert "CHAT-001 A question is answered: plainly.</b> A chat request is answered." in page
    assert 'href="../../matrix/index.html#CHAT-001"' in page
    assert 'href="../../log.html#s1-s1-s1-t1"' in page


def test_a_run_without_a_log_links_none(project):
    project.robot("--log", "NONE", "--include", "smoke")
    assert (
        "log" not in (folder(project, "a-question-is-answered") / "index.html").read_text().split("<main>")[0].lower()
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        ("x" * 300, "x" * 200 + "…"),
        (["y" * 300], '["' + "y" * 198 + "…"),
        (0.5, 0.5),
    ],
)
def test_a_long_parameter_is_shortened(value, shown):
    assert _short(value) == shown


def test_a_skipped_row_keeps_its_reason(finished):
    row = json.loads((folder(finished, "a-stream-ends") / "row.json").read_bytes())
    assert (row["status"], row["message"], row["exchanges"]) == ("SKIP", "This machine has no GPU", 0)


def test_a_failed_row_leaves_the_means_to_repeat_it(finished):
    bundle = folder(finished, "a-refusal-names-the-field")
    names = {path.name for path in bundle.iterdir()}
    assert {"curl.sh", "README.md", "MANIFEST.sha256", "02-exchange.json"} <= names
    command = "robot --pythonpath . --test 'Suites.Api.Chat.A refusal names the field' suites"
    assert command in (bundle / "README.md").read_text()
    for line in (bundle / "MANIFEST.sha256").read_text().splitlines():
        checksum, name = line.split("  ")
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == checksum


def test_a_failed_row_runs_again_by_its_own_command_line(finished, project):
    command = json.loads((folder(finished, "a-refusal-names-the-field") / "row.json").read_bytes())["rerun"]
    name = re.fullmatch(r"robot --pythonpath \. --test '(.+)' suites", command)[1]
    assert "1 test, 0 passed, 1 failed" in project.robot("--test", name).stdout


def test_a_run_that_attached_is_repeated_against_the_same_address(project):
    project.write(
        "suites/__init__.robot",
        """
        *** Settings ***
        Library        keywords.hooks.listener.TraceabilityListener
        Suite Setup    Attach
        *** Keywords ***
        Attach
            VAR    ${TARGET}    ${{types.SimpleNamespace(url='http://host:1', model='m', gateway=None)}}    scope=GLOBAL
        """,
    )
    project.robot()
    row = json.loads((folder(project, "a-refusal-names-the-field") / "row.json").read_bytes())
    assert row["rerun"].startswith("robot -v GATEWAY_URL:http://host:1 --pythonpath . --test ")
    assert row["environment"] == {"Gateway": "http://host:1"}


def test_no_key_reaches_the_evidence(finished):
    files = [path for path in (finished.results / "evidence").rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if b"sk-top-secret" in path.read_bytes()] == []
    page = (folder(finished, "a-refusal-names-the-field") / "index.html").read_text()
    assert "&lt;secret&gt; was refused" in page


def test_the_log_shows_the_authors_tags_and_a_link_to_the_evidence(finished):
    output = (finished.results / "output.xml").read_text()
    assert "<tag>req:CHAT-001</tag>" in output
    assert "allure." not in output
    page = folder(finished, "a-question-is-answered").relative_to(finished.results) / "index.html"
    assert f'<meta name="Evidence">[{page.as_posix()}|1 exchange]</meta>' in output


def test_rows_carry_the_registers_tags_for_allure(finished):
    results = [json.loads(path.read_bytes()) for path in (finished.results / "allure").glob("*-result.json")]
    assert len(results) == 3
    stream = next(result for result in results if result["name"] == "A stream ends")
    labels = {(label["name"], label["value"]) for label in stream["labels"]}
    assert {("epic", "Streaming"), ("feature", "STRM-001 A stream ends properly"), ("severity", "minor")} <= labels
    assert ("requirement", "STRM-001") in labels


def test_a_dry_run_leaves_no_evidence(project):
    assert project.robot("--dryrun").returncode == 0
    assert not (project.results / "evidence").exists()


def test_the_modifier_ends_a_run_whose_rows_know_no_requirement(project):
    project.replace("suites/api/chat.robot", "req:STRM-001", "req:STRM-010")
    process = project.robot("--prerunmodifier", "keywords.hooks.modifier.RegisterModifier")
    assert process.returncode == 252
    assert "row 'Suites.Api.Chat.A stream ends' has tag 'req:STRM-010'" in process.stderr
    assert "did you mean STRM-001?" in process.stderr
    assert "Traceback" not in process.stderr
    assert not (project.results / "output.xml").exists()


def test_the_modifier_adds_nothing_that_the_log_shows(project):
    process = project.robot("--prerunmodifier", "keywords.hooks.modifier.RegisterModifier")
    assert process.returncode == 1
    assert "allure." not in (project.results / "output.xml").read_text()


def test_the_modifier_names_the_faults_of_the_register(project):
    project.replace("resources/register/requirements.yaml", "impact: 5", "impact: 9")
    process = project.robot("--prerunmodifier", "keywords.hooks.modifier.RegisterModifier")
    assert process.returncode == 252
    assert "CHAT-001: field 'risk' has impact 9; write" in process.stderr


def test_a_bare_run_starts_nothing_for_rows_that_know_no_requirement(project):
    project.replace("suites/api/chat.robot", "req:STRM-001", "")
    project.write("suites/__init__.robot", project_init_with_setup())
    for options in ([], ["--dryrun"]):
        process = project.robot(*options)
        assert process.returncode == 3
        assert "A stream ends' has no requirement; tag it req:<id>" in process.stderr
        assert "Not started: the rows and the register disagree" in process.stdout
        assert "the world begins" not in process.stdout


def test_rows_behind_a_failed_setup_were_not_run(project):
    setup = "Suite Setup    Fail    There is no gateway\n"
    project.write("suites/__init__.robot", (project.root / "suites/__init__.robot").read_text() + setup)
    project.robot()
    run = read_output(project.results / "output.xml")
    assert {result.status for result in run.results} == {"NOT RUN"}
    assert run.interruption == "the run did not start: There is no gateway"


def test_what_fails_after_the_rows_is_told(project):
    teardown = "Suite Teardown    Fail    The gateway\\ndid not end.\n"
    project.write("suites/__init__.robot", (project.root / "suites/__init__.robot").read_text() + teardown)
    project.robot("--include", "smoke")
    run = read_output(project.results / "output.xml")
    assert {result.status for result in run.results} == {"PASS"}
    assert run.afterwards == ("The gateway did not end",)


def test_rows_behind_a_fatal_error_were_not_run(project):
    project.replace("suites/api/chat.robot", "    Fail    sk-top", "    Fatal Error    sk-top")
    project.robot()
    run = read_output(project.results / "output.xml")
    assert [result.status for result in run.results] == ["PASS", "FAIL", "NOT RUN"]
    assert run.interruption.startswith("the run was stopped, 1 of 3 rows did not run: Test execution stopped due to")


def test_a_row_whose_need_is_missing_is_skipped_whatever_its_setup_does(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    project.replace("suites/api/chat.robot", "smoke\n", "smoke    needs:curl\n    [Setup]    Fail    set up\n")
    project.replace("suites/api/chat.robot", "    Talk\n", "    [Teardown]    Fail    torn down\n    Talk\n")
    project.robot("--include", "smoke")
    (result,) = read_output(project.results / "output.xml").results
    assert (result.status, result.message) == ("SKIP", "No `curl` on the path: install it.")
    assert json.loads((folder(project, "a-question-is-answered") / "row.json").read_bytes())["exchanges"] == 0


def test_a_suite_is_set_up_for_no_row_that_is_skipped(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    setup = "*** Settings ***\nSuite Setup    Log To Console    set up\nSuite Teardown    Log To Console    torn down\n"
    project.replace("suites/api/chat.robot", "*** Settings ***\n", setup)
    assert project.robot("--include", "smoke").stdout.count("set up") == 1
    project.replace("suites/api/chat.robot", "smoke\n", "smoke    needs:curl\n")
    process = project.robot("--include", "smoke")
    assert "set up" not in process.stdout
    assert "torn down" not in process.stdout
    (result,) = read_output(project.results / "output.xml").results
    assert result.status == "SKIP"
    assert "set up" in project.robot().stdout


def test_a_need_of_the_target_in_a_run_without_one_fails_the_row(project):
    project.replace("suites/api/chat.robot", "smoke\n", "smoke    needs:api-key\n")
    project.robot("--include", "smoke")
    (result,) = read_output(project.results / "output.xml").results
    assert result.status == "FAIL"
    assert "`Provide Target`" in result.message


def test_a_run_names_its_commit(project):
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "First"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=project.root, check=True, capture_output=True)
    project.robot("--include", "smoke")
    commit = read_output(project.results / "output.xml").metadata["Commit"]
    assert re.fullmatch("[0-9a-f]{10}", commit)
    row = json.loads((folder(project, "a-question-is-answered") / "row.json").read_bytes())
    assert row["environment"]["Commit"] == commit


def project_init_with_setup():
    return """
    *** Settings ***
    Library        keywords.hooks.listener.TraceabilityListener
    Suite Setup    Log    the world begins    console=yes
    """


@pytest.mark.parametrize(("part", "name"), [("suites/api/chat.robot", "Chat"), ("suites/api", "Api")])
def test_a_suite_run_without_its_init_file_names_the_command(project, part, name):
    project.write("suites/__init__.robot", project_init_with_setup())
    imported = "Library      keywords.hooks.listener.TraceabilityListener\nLibrary      wire.Wire"
    project.replace("suites/api/chat.robot", "Library      wire.Wire", imported)
    process = project.robot(suites=part)
    assert process.returncode == 3
    assert f"robot --suite {name} suites" in process.stdout
    assert "3 tests, 0 passed, 3 failed" in process.stdout
    assert not (project.results / "evidence").exists()
    named = project.robot("--suite", name)
    assert "3 tests, 1 passed, 1 failed, 1 skipped" in named.stdout
    assert project.robot("--dryrun", suites=part).returncode == 0


def test_the_log_of_a_gateway_of_the_suite_comes_into_the_bundle(project):
    project.replace(
        "suites/api/chat.robot", "Library      wire.Wire", "Library      wire.Wire\nLibrary      OperatingSystem"
    )
    log = work_of_suite(Path("${OUTPUT DIR}"), "Suites.Api.Chat") / "gateway-1.log"
    project.replace("suites/api/chat.robot", "    Talk\n", f"    Talk\n    Append To File    {log}    before\n")
    project.replace(
        "suites/api/chat.robot", "    Talk    2\n", f"    Talk    2\n    Append To File    {log}    during\n"
    )
    project.robot()
    tail = folder(project, "a-refusal-names-the-field") / f"gateway-1-of-{log.parent.name}.log"
    assert tail.read_text() == "during"
