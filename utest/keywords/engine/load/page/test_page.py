"""The page of a load run says first whether to believe it, then what happened, and asks nothing of anybody."""

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keywords.engine.load.imported.files import read_file
from keywords.engine.load.imported.storing import store_imports
from keywords.engine.load.metrics.cost import Price
from keywords.engine.load.page import moments
from keywords.engine.load.page.command import command_of
from keywords.engine.load.page.measurements import measurements_of
from keywords.engine.load.page.stored import NoLoadRunError, axes_of, read_load
from keywords.engine.load.page.story import story_of
from keywords.engine.load.page.write import report_stored, write_load_page
from keywords.engine.load.server_metrics.signals import SignalValue
from keywords.engine.load.server_metrics.storage import store_signals
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.storage.synthetic import write_samples
from keywords.engine.redaction.secrets import SECRETS
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run
from keywords.run.places import RESOURCES, ROOT
from utest.keywords.engine.load.metrics.samples import answer, failure, summary

SAMPLES = 400
ASKED = {
    "users": "10,20,40",
    "lasts": "200s",
    "levels": ["ttft_p95 < 100 ms"],
    "timeout": "120s",
    "seed": 7,
    "arrivals": "poisson",
    "prompts": ["What's new?", "Why?"],
    "stream": False,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "measurements.db"
    write_samples(path, SAMPLES, 5)
    values = [SignalValue(at, "in_flight", "n", {}, at) for at in (0.0, 100.0, 200.0)]
    values += [SignalValue(at, "attempts", "n", {"backend": "a"}, 2 * at) for at in (0.0, 100.0, 200.0)]
    store_signals(path, 1, values)
    change(path, "options = ?", json.dumps(ASKED))
    return path


@pytest.fixture(scope="module")
def page(store):
    return write_load_page(store.with_name("page.html"), [report_stored(store, 1)]).read_text(encoding="utf-8")


def change(path, what, value):
    with sqlite3.connect(path) as file:
        file.execute(f"UPDATE runs SET {what}", (value,))


def test_the_verdict_stands_before_all_else(page):
    body = page[page.index("<h1>") :]
    assert body.index("VALID") < body.index("FAIL") < body.index("What happened") < body.index("<svg")


def test_the_levels_are_those_that_the_run_was_measured_with(page):
    assert "ttft_first_content_p95 &lt; 100 ms did not hold at 10 users (" in page


def test_the_story_counts_failures(store):
    assert "400 requests ended: 396 whole answers, 4 failed (1 %): 4 overloaded." in story_of(read_load(store, 1))


def test_a_latency_that_failures_made_infinite_grew_by_no_number(store):
    first = [failure(0.1 * n, stage=0) for n in range(8)] + [answer(0.1, stage=0)]
    second = [answer(1 + 0.1 * n, stage=1) for n in range(8)]
    load = replace(read_load(store, 1), summary=summary(*first, *second, windows=((0.0, 1.0), (1.0, 2.0))))
    (growth,) = [sentence for sentence in story_of(load) if "-fold" in sentence]
    assert "median latency" not in growth


def test_the_page_can_load_nothing(page):
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img|iframe)|\b(?:src|srcset)=|url\((?!#)", page)


def test_the_page_shows_no_secret(store):
    secret = "sk-0123456789abcdefghijklmnop"  # made up
    SECRETS.protect(secret)
    change(store, "series = ?", f"with {secret}")
    try:
        page = write_load_page(store.with_name("secret.html"), [report_stored(store, 1)])
    finally:
        change(store, "series = ?", "scale")
    assert secret not in page.read_text(encoding="utf-8")


def test_reasons_of_an_invalid_run_stand_on_top(store):
    change(store, "validity = 'INVALID', reasons = ?", '["the client sent late"]')
    try:
        page = write_load_page(store.with_name("bad.html"), [report_stored(store, 1)]).read_text(encoding="utf-8")
    finally:
        change(store, "validity = 'VALID', reasons = ?", "[]")
    head = page[page.index("<h1>") : page.index("What happened")]
    assert "INVALID" in head
    assert "the client sent late" in head
    assert "INCONCLUSIVE" in head


def test_every_name_in_the_tables_is_explained(page):
    explained = set(re.findall(r"<dt><code>([^<]+)</code></dt>", page))
    assert {"ttft_first_content", "e2e", "rps", "chunk_gap", "failures ∞"} <= explained


def test_the_command_asks_the_same(store):
    assert command_of(read_load(store, 1).run) == (
        "qa load http://127.0.0.1 --model m --users 10,20,40 --for 200s --prompt 'What'\"'\"'s new?' --prompt 'Why?' "
        "--seed 7 --slo 'ttft_p95 < 100 ms' --no-stream --name scale"
    )


def test_signals_of_the_server_stand_on_the_same_clock(store):
    panels = {panel.label: panel for panel in moments.panels_of(read_load(store, 1))}
    under_way = panels["requests under way, by the word of"].series
    assert [one.name for one in under_way] == ["client", "server"]
    assert under_way[1].at_s.tolist() == [0.0, 100.0, 200.0]
    assert panels["the server's requests to its backends, per second"].series[0].values.tolist() == [2.0, 2.0, 0.0]


def test_the_most_requests_under_way_are_counted_in_each_slot():
    at, count = moments._most_in_slots(np.array([0.1, 0.4, 0.6, 1.2]), np.array([1, 2, 1, 0]), 0.5)
    assert at.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert count.tolist() == [2.0, 2.0, 1.0, 0.0, 0.0]


def test_a_price_stands_in_the_remarks(store):
    report = report_stored(store, 1, price=Price(input_per_million=1, output_per_million=1)).report
    assert any(remark.startswith("Cost: $") for remark in report.remarks)


def test_a_run_of_another_kind_is_refused(tmp_path):
    with Store(tmp_path / "m.db") as store:
        begin_run(store, "evaluation", "s")
    with pytest.raises(NoLoadRunError, match="run 1 is of the kind 'evaluation'; name a load run"):
        read_load(tmp_path / "m.db", 1)


def test_a_sweep_shows_what_was_swept(tmp_path):
    path = tmp_path / "m.db"
    for tokens in (16, 64):
        run = write_samples(path, 100, 3)
        with sqlite3.connect(path) as file:
            swept = (json.dumps({"max_tokens": float(tokens)}), f"s max_tokens={tokens}", run)
            file.execute("UPDATE runs SET options = ?, series = ? WHERE id = ?", swept)
    assert axes_of([read_load(path, run) for run in (1, 2)]) == {"max_tokens": (16.0, 64.0)}
    reported = [report_stored(path, run, levels=[parse_service_level("rps > 0.1/s")]) for run in (1, 2)]
    page = write_load_page(tmp_path / "page.html", reported, lead="Two runs.").read_text(encoding="utf-8")
    assert "2 load runs: s" in page
    assert "Swept: max_tokens: 16, 64" in page
    assert "Time to the first text by max_tokens" in page


def test_figures_for_allure_have_names_in_its_configuration(store):
    measurements = measurements_of(read_load(store, 1))
    template = Path(ROOT, "keywords/traceability/allure/allurerc.json").read_text(encoding="utf-8")
    known = json.loads(template)["performance"]["metrics"]
    assert {one["key"] for one in measurements} == set(known)
    assert {one["id"] for one in measurements} == {"scale, 10 users", "scale, 20 users", "scale, 40 users"}
    assert all(one["stop"] - one["start"] == 200_000 for one in measurements)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("aiperf/profile_export_aiperf.json", "60 requests ended: 60 whole answers"),
        ("vllm/summary.json", "without samples: its own figures stand in the tables"),
    ],
)
def test_an_imported_run_comes_on_the_same_page(tmp_path, file, told):
    (run,) = store_imports(tmp_path / "m.db", [read_file(RESOURCES / "imports" / file)])
    page = write_load_page(tmp_path / "page.html", [report_stored(tmp_path / "m.db", run)]).read_text(encoding="utf-8")
    assert page.index("NOT JUDGED") < page.index("whose client nobody has judged here") < page.index(told)
    assert "run it again, and `qa import` its file" in page
