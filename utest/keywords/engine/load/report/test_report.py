"""A report says first whether it is worth believing, and shows no number that is none."""

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from keywords.engine.load.endpoints_rules import Rule
from keywords.engine.load.metrics.cost import Price
from keywords.engine.load.plan import Stage
from keywords.engine.load.report.build import build_report
from keywords.engine.load.report.numbers import interval, number
from keywords.engine.load.report.page import as_html
from keywords.engine.load.report.terminal import as_renderable
from keywords.engine.load.report.text import as_text
from keywords.engine.load.service_levels import parse_service_levels
from keywords.engine.store.runs import Run
from utest.keywords.engine.load.metrics.samples import answer, cancelled, failure, summary

RUN = Run(
    id=7,
    kind="load",
    series="<nightly>",
    started_at=1e9,
    started=0.0,
    ended=20.0,
    target="http://host",
    model="m",
    workload_hash="ab12",
    options={},
    environment={},
    validity="INVALID",
    reasons=("the client sent late",),
    interrupted=False,
)


def numbers():
    answers = [answer(at / 20, item=at, first=0.1 + at / 1000, prompt_tokens=5) for at in range(200)]
    second = [
        failure(11.0, stage=1, item=300),
        cancelled(12.0, item=303),
        answer(13.0, stage=1, chunks=9, gap=0.2, item=301),
    ]
    return summary(*answers, *second, answer(-5.0, stage=-1, item=302), windows=((0.0, 10.0), (10.0, 20.0)))


@pytest.fixture
def report():
    return build_report(
        numbers(),
        RUN,
        levels=parse_service_levels("ttft < 200 ms, ttft_p95 < 1 s, e2e_p99 < 1 s, error_rate < 50 %"),
        price=Price(input_per_million=1, output_per_million=1),
        stages=(Stage(10.0, users=1), Stage(10.0, rate=2.5)),
        remarks=("Text disagrees.",),
        rules=(Rule("fixed concurrency", "an open loop", is_met=False),),
    )


def rows(report, title):
    (table,) = [table for table in report.tables if table.title == title]
    return [dict(zip(table.head, row, strict=True)) for row in table.rows]


def test_the_stamp_stands_on_top_of_each_form(report):
    assert as_text(report).startswith("INVALID: the client sent late\n")
    assert re.sub("<[^>]*>", "", as_html(report)).startswith("INVALID: the client sent late")
    assert "INVALID: the client sent late" in printed(report).splitlines()[1]


def printed(report, width=220):
    console = Console(file=io.StringIO(), width=width)
    console.print(as_renderable(report))
    return console.file.getvalue()


def test_a_run_that_nobody_judged_says_so():
    assert build_report(numbers()).stamp == "NOT JUDGED"


def test_every_form_has_every_cell(report):
    text, page, terminal = as_text(report), as_html(report), printed(report, width=600)
    for table in report.tables:
        for cell in {cell for row in (table.head, *table.rows) for cell in row}:
            assert cell in text
            assert cell in terminal
            assert cell.replace("<", "&lt;").replace("'", "&#x27;").replace(">", "&gt;") in page


def test_the_page_is_whole_and_escapes_what_it_shows(report):
    page = as_html(report)
    assert "&lt;nightly&gt;" in page
    assert "<nightly>" not in page
    opened = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, _):
            if tag != "br":
                opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Reader().feed(page)
    assert opened == []


def test_stages_stand_apart(report):
    first, second, both = rows(report, "Requests")
    assert (first["load"], first["answered"], first["error rate"], first["rps"]) == ("1 user", "200", "0 %", "19.1")
    assert (second["load"], second["answered"], second["failed"], second["cancelled"]) == ("2.5/s", "1", "1", "0")
    assert (both["stage"], both["answered"], both["goodput"]) == ("all", "201", "5.05/s (50 %)")


def metrics(report, stage):
    return {row["metric"]: row for row in rows(report, f"Stage {stage}: requests")}


def test_percentiles_stand_with_their_number_or_without(report):
    ttft = metrics(report, 0)["ttft_first_content"]
    assert (ttft["unit"], ttft["n"], ttft["p50"], ttft["p95"]) == ("ms", "200", "199", "289")
    assert ttft["p99"] == "n too small"
    assert ttft["95 % interval of p95"] == "283 … 296"
    assert "n too small in place of a number: p50 needs 5, p90 needs 29, p95 needs 59, p99 needs 299 values." in (
        report.remarks
    )


def test_failures_count_as_infinite_beside_the_survivors(report):
    assert "e2e, failures ∞" not in metrics(report, 0)
    some = metrics(build_report(summary(*[answer() for _ in range(10)], *[failure() for _ in range(20)])), 0)
    assert (some["e2e"]["n"], some["e2e"]["p50"]) == ("10", "260")
    adjusted = some["e2e, failures ∞"]
    assert (adjusted["n"], adjusted["mean"], adjusted["p50"], adjusted["p99"]) == ("30", "–", "∞", "n too small")
    assert "chunk_gap, failures ∞" not in some


def test_requests_that_were_sent_twice_are_told(report):
    assert [row["resent"] for row in rows(report, "Requests")] == ["0", "0", "0"]
    twice = build_report(summary(answer(item=1, resent=True), answer(item=2)))
    assert rows(twice, "Requests")[0]["resent"] == "1"
    assert any(remark.startswith("1 requests were sent a second time") for remark in twice.remarks)


def test_two_means_of_the_time_per_token_have_two_names(report):
    names = list(metrics(report, 0))
    assert "tpot_excl_first" in names
    assert "tpot_excl_first_by_token: mean over tokens" in names


def test_levels_are_judged_by_stage(report):
    levels = {(row["stage"], row["service level"]): row for row in rows(report, "Service levels")}
    assert levels["0", "ttft_first_content_p95 < 1 s"]["verdict"] == "PASS"
    assert levels["0", "ttft_first_content < 200 ms"]["verdict"] == "FAIL"
    assert levels["0", "e2e_p99 < 1 s"]["note"] == "n too small for p99: 200 values, and it needs 299"
    assert levels["1", "error_rate < 50 %"]["measured, failures as infinite"] == "50 %"


def test_remarks_and_rules_are_shown(report):
    text = as_text(report)
    assert "Text disagrees." in text
    assert "Cost: $ " in text
    assert "Stage 0: " in text
    assert rows(report, "Rules of MLPerf Endpoints") == [
        {"rule": "fixed concurrency", "met": "no", "figure": "an open loop"}
    ]
    assert ("samples", "204, of them 1 (0.4902 %) in the warm-up") in report.facts


def test_counts_that_do_not_fit_are_told(report):
    assert not any("Counts do not fit" in remark for remark in report.remarks)
    twice = build_report(summary(answer(), answer()), others={"the ledger": 9}).remarks
    assert sum(remark.startswith("Counts do not fit together: ") for remark in twice) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (123456.0, "123\u202f456"),
        (12.3456, "12.35"),
        (0.00012345, "0.000123"),
        (-2.5, "-2.5"),
        (float("inf"), "∞"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_have_four_digits(value, text):
    assert number(value) == text


def test_ends_that_do_not_exist_are_shown_as_such():
    assert interval((-float("inf"), 2.0)) == "-∞ … 2"
    assert interval(None) == "–"


def test_a_narrow_terminal_gets_lines_instead_of_broken_columns(report):
    def shown(width):
        stream = io.StringIO()
        Console(file=stream, width=width).print(as_renderable(report))
        return stream.getvalue()

    narrow = shown(80)
    assert max(len(line) for line in narrow.splitlines()) <= 80
    assert re.search(r"metric ttft_first_content: unit ms, n 200, mean [\d.]+, p50 [\d.]+, p90", narrow)
    assert "metric ttft_first_content:" not in shown(200)
