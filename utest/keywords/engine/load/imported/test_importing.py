"""Files of other load generators are read under our names, and refused with file and field where they cannot be."""

import json
import shutil
from pathlib import Path

import pytest

from keywords.engine.load.imported.content import UNKNOWN_VERSION, ImportedFileError
from keywords.engine.load.imported.definitions import DEFINITIONS
from keywords.engine.load.imported.figures import IMPORTS_ROOM, figure_of, read_figures
from keywords.engine.load.imported.files import read_file
from keywords.engine.load.imported.storing import imported_from, store_imports
from keywords.engine.load.metrics.definitions import DEFINITIONS as OURS
from keywords.engine.load.metrics.summary import BY_TOKEN, GAP, Summary
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run

PROJECT = Path(__file__).parents[5]
FILES = PROJECT / "resources" / "imports"
AIPERF = FILES / "aiperf" / "profile_export_aiperf.json"
GUIDELLM = FILES / "guidellm" / "benchmarks.json"
VLLM = FILES / "vllm" / "detailed.json"
LOCUST = FILES / "locust" / "stream_stats.csv"
OF_RUNS = {"rps", "error_rate", "total_output_tokens_per_s"}


@pytest.fixture
def store(tmp_path):
    return tmp_path / "measurements.db"


def changed(tmp_path, source, change):
    content = json.loads(source.read_text("utf-8"))
    change(content)
    path = tmp_path / source.name
    path.write_text(json.dumps(content), "utf-8")
    return path


def summary_of(store, file):
    (run,) = store_imports(store, [read_file(file)])
    return run, Summary(read_samples(store, run))


def test_every_name_of_ours_in_the_tables_is_a_metric_of_ours():
    names = {each.ours for table in DEFINITIONS.values() for each in table} - {None}
    assert names <= {*OURS, GAP, BY_TOKEN, *OF_RUNS}


def test_what_is_not_ours_says_why():
    assert all(each.differs for table in DEFINITIONS.values() for each in table if each.ours is None)


def test_the_document_has_every_definition():
    page = (PROJECT / "docs" / "IMPORTS.md").read_text("utf-8")
    for table in DEFINITIONS.values():
        for each in table:
            ours = f"`{each.ours}`" if each.ours else "–"
            assert f"| `{each.theirs}` | {each.unit} | {ours} | {each.differs} |" in page


@pytest.mark.parametrize(
    ("file", "metric"),
    [(AIPERF, "ttft_first_content"), (AIPERF, "tpot_excl_first"), (GUIDELLM, "e2e"), (VLLM, "ttft_first_byte")],
)
def test_samples_have_the_mean_that_the_tool_computed(store, file, metric):
    run, summary = summary_of(store, file)
    with Store(store, IMPORTS_ROOM) as opened:
        figures = read_figures(opened, run)
    assert summary.mean(metric, 0) == pytest.approx(figure_of(figures, metric, "mean"), rel=1e-5)


def test_aiperfs_chunks_come_with_the_records(store):
    _, summary = summary_of(store, AIPERF)
    assert summary.count(GAP) == 540
    assert summary.rps(0) == pytest.approx(33.6, rel=0.05)


def test_the_records_bring_the_summary_beside_them():
    read = read_file(FILES / "aiperf" / "profile_export.jsonl")
    assert (read.version, len(read.samples), len(read.files)) == ("0.13.0", 60, 2)


def test_records_alone_have_no_version(tmp_path):
    path = Path(shutil.copy(FILES / "aiperf" / "profile_export.jsonl", tmp_path))
    read = read_file(path)
    assert (read.version, read.figures, len(read.samples)) == (UNKNOWN_VERSION, (), 60)
    assert any("version and own figures are missing" in note for note in read.notes)


def test_a_summary_alone_has_no_samples(tmp_path, store):
    path = Path(shutil.copy(AIPERF, tmp_path))
    run, summary = summary_of(store, path)
    with Store(store) as opened:
        row = read_run(opened, run)
    assert not len(summary.samples.item)
    assert any("there are no samples" in reason for reason in row.reasons)


def test_a_failed_request_of_aiperf_has_its_status(tmp_path):
    lines = (FILES / "aiperf" / "profile_export.jsonl").read_text("utf-8").splitlines()
    record = json.loads(lines[0])
    record["error"] = {"code": 503, "type": "Unavailable", "message": "no slot"}
    record["metrics"] = {}
    path = tmp_path / "failed.jsonl"
    path.write_text("\n".join([json.dumps(record), *lines[1:]]), "utf-8")
    sample = read_file(path).samples[0]
    assert (sample.status, sample.error, sample.t_first_content) == (503, "overloaded", None)


def test_a_report_of_an_older_guidellm_tells_its_server_elsewhere(tmp_path):
    def age(it):
        it["metadata"].update(version=1, guidellm_version="0.6.0")
        it["args"] = it.pop("config")["spec"]["backend"]

    read = read_file(changed(tmp_path, GUIDELLM, age))
    new = read_file(GUIDELLM)
    assert (read.target, read.model, read.version) == (new.target, new.model, "0.6.0")
    assert new.target == "http://127.0.0.1:8000"


def test_each_benchmark_of_guidellm_is_a_stage(store):
    _, summary = summary_of(store, GUIDELLM)
    assert summary.stages == (0, 1)
    assert (summary.answered(1), summary.errors) == (11, {"unknown": 1})


def test_tokens_without_times_have_no_rate(store):
    _, summary = summary_of(store, GUIDELLM)
    assert summary.total_output_tokens_per_s(0) is None


def test_a_part_of_guidellms_requests_makes_no_samples(tmp_path):
    path = changed(tmp_path, GUIDELLM, lambda it: it["benchmarks"][0]["requests"]["successful"].pop())
    read = read_file(path)
    assert not read.samples
    assert "lists only 5 of its 6 requests" in read.notes[0]


def test_a_bare_role_ends_vllms_ttft_so_it_is_no_time_to_text(store):
    _, summary = summary_of(store, VLLM)
    assert summary.count("ttft_first_byte") == 39
    assert summary.count("ttft_first_content") == 0


def test_vllms_summary_has_the_figures_alone():
    read = read_file(FILES / "vllm" / "summary.json")
    assert not read.samples
    assert figure_of(read.figures, "ttft_first_byte", "p99") == pytest.approx(0.05935, rel=1e-3)


def test_locusts_totals_come_with_their_history():
    read = read_file(LOCUST)
    assert (len(read.files), read.stages[0].users, figure_of(read.figures, "e2e", "n")) == (2, 4, 72)


def test_locusts_history_alone_has_no_percentiles_of_the_last_seconds(tmp_path):
    path = Path(shutil.copy(FILES / "locust" / "stream_stats_history.csv", tmp_path))
    figures = read_file(path).figures
    assert figure_of(figures, "e2e", "p50") == pytest.approx(0.016)
    assert figure_of(figures, "e2e", "p95") is None


def test_an_import_is_marked_and_judged_by_nobody(store):
    (run,) = store_imports(store, [read_file(AIPERF)], "nightly")
    with Store(store) as opened:
        row = read_run(opened, run)
    assert (row.series, row.validity, imported_from(row)) == ("nightly", None, "AIPerf 0.13.0")
    assert "tokens_in_flight" in row.options["imported"]["unmapped"]
    assert "ttft_first_content" in row.options["imported"]["differs"]


def test_the_same_file_is_no_second_run(store):
    store_imports(store, [read_file(AIPERF)], "nightly")
    with pytest.raises(ImportedFileError, match="imported already, as run 1 of series nightly"):
        store_imports(store, [read_file(VLLM), read_file(AIPERF)], "nightly")
    with Store(store) as opened:
        assert list(opened.query("SELECT count(*) FROM runs")) == [(1,)]


@pytest.mark.parametrize(
    ("source", "change", "words"),
    [
        (AIPERF, lambda it: it.update(schema_version="2.0"), "schema_version is 2.0, and this reads 1.x"),
        (AIPERF, lambda it: it["request_latency"].update(p95=-1), r"request_latency\.p95 is -1, which is no number"),
        (AIPERF, lambda it: it.pop("start_time"), "start_time: Field required"),
        (GUIDELLM, lambda it: it["metadata"].update(version=3), "metadata.version is 3, and this reads 1 and 2"),
        (GUIDELLM, lambda it: it.update(benchmarks=[]), "benchmarks: List should have at least 1 item"),
        (
            GUIDELLM,
            lambda it: it["benchmarks"][0]["requests"]["successful"][0]["info"]["timings"].update(request_end="now"),
            r"benchmarks\.0\.requests\.successful\.0\.info\.timings\.request_end: Input should be a valid number",
        ),
        (VLLM, lambda it: it.update(duration=float("nan")), "duration is nan, which is no number"),
        (VLLM, lambda it: it.update(date="yesterday"), "date is 'yesterday'"),
        (VLLM, lambda it: it["ttfts"].pop(), "ttfts has 39 values and start_times 40"),
        (VLLM, lambda it: it.update(completed=40), "completed is 40, and 39 requests have no error"),
        (VLLM, lambda it: it.update(p95_itl_ms="fast"), "p95_itl_ms is 'fast'"),
        (VLLM, lambda it: it.update(request_throughput=10**400), "request_throughput has more than 63 bits"),
        (VLLM, lambda it: it.update(duration=1e300), "lasts 1e\\+300 s, which no run does"),
    ],
)
def test_a_faulty_field_is_named(tmp_path, source, change, words):
    path = changed(tmp_path, source, change)
    with pytest.raises(ImportedFileError, match=words) as error:
        read_file(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("cut.json", AIPERF.read_text("utf-8")[:500], "the JSON ends|the JSON breaks off"),
        ("cut.jsonl", '{"metadata": {', ":1: the JSON ends"),
        ("other.jsonl", '{"a": 1}\n', "no known load generator"),
        ("list.json", "[1, 2]", "no known load generator"),
        ("empty.json", "", "no known load generator"),
        ("words.txt", "hello", "no known load generator"),
        ("digits.json", '{"a": ' + "1" * 5000 + "}", "a number has too many digits"),
        ("deep.json", '{"a":' + "[" * 100_000, "nested too deeply|the JSON ends"),
        ("a_stats.csv", LOCUST.read_text("utf-8").splitlines()[0], "there is no line Aggregated"),
        ("b_stats.csv", LOCUST.read_text("utf-8").replace(",72,", ",NaN,"), "Request Count is 'NaN'"),
        ("c_stats.csv", LOCUST.read_text("utf-8")[:-30], "not as many columns"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(ImportedFileError, match=words):
        read_file(path)


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        (AIPERF, {"input_config": "none"}),
        (AIPERF, {"input_config": [1]}),
        (AIPERF, {"start_time": "2026-01-01T00:00:00Z"}),
        (GUIDELLM, {"config": {"spec": "none"}}),
    ],
)
def test_a_field_that_another_version_writes_otherwise_costs_no_run(tmp_path, store, source, fields):
    file = changed(tmp_path, source, lambda it: it.update(fields))
    assert store_imports(store, [read_file(file)]) == [1]


def test_a_record_of_aiperf_with_more_tokens_than_a_store_holds_is_refused(tmp_path):
    file = tmp_path / "profile_export.jsonl"
    line = json.loads((FILES / "aiperf" / file.name).read_text("utf-8").splitlines()[0])
    line["metrics"]["usage_completion_tokens"] = {"value": 1e300, "unit": "tokens"}
    file.write_text(json.dumps(line), "utf-8")
    with pytest.raises(ImportedFileError, match=r"usage_completion_tokens\.value: Input should be less than"):
        read_file(file)


def test_the_first_request_of_guidellm_is_intended_before_it_is_sent(tmp_path):
    def early(content):
        first = content["benchmarks"][0]["requests"]["successful"][0]["info"]["timings"]
        first["targeted_start"] = first["request_start"] - 50

    samples = read_file(changed(tmp_path, GUIDELLM, early)).samples
    assert (samples[0].t_intended, samples[0].t_sent) == (0.0, pytest.approx(50))


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(ImportedFileError, match="no known load generator"):
        read_file(tmp_path / "a.json")
    with pytest.raises(ImportedFileError, match="cannot be read: No such file"):
        read_file(tmp_path / "b.json")


def test_files_of_two_runs_are_not_taken_for_one(tmp_path):
    shutil.copy(AIPERF, tmp_path)
    lines = (FILES / "aiperf" / "profile_export.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "profile_export.jsonl").write_text("\n".join(lines[:50]), "utf-8")
    with pytest.raises(ImportedFileError, match="50 answered requests, and request_latency"):
        read_file(tmp_path / AIPERF.name)
