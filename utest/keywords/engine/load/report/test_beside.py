"""Beside the requests stand the server's own words, the calibration floor, the client and its machine."""

from dataclasses import replace

import pytest

from keywords.engine.load.calibration import Floor, FloorLevel, Spread
from keywords.engine.load.environment import look_at_environment
from keywords.engine.load.report.client import clients_table, environment_table
from keywords.engine.load.report.floor import floor_remark, floor_table
from keywords.engine.load.report.server import server_remarks, server_table
from keywords.engine.load.run import ClientHealth
from keywords.engine.load.server_metrics.signals import SignalValue
from keywords.engine.load.share import DRAIN

PAGES = (0.0, 1.0, 2.0, 3.0, 4.0)
MODEL = {"model": "m", "digest": "sha256:1", "weights": None, "facts": {}, "server": "Ollama 1"}


def said(signal, *values, labels=None):
    return [SignalValue(float(at), signal, "name", labels or {}, value) for at, value in enumerate(values)]


def rows(table):
    return {row[0]: dict(zip(table.head, row, strict=True)) for row in table.rows}


def test_a_gauge_has_its_extremes_and_a_counter_its_growth():
    values = [*said("in_flight", 0, 4, 2, 0, 0), *said("prefix_hits", 10, 30, 40, 50, 60), *said("memory", 2e8)]
    shown = rows(server_table(values, PAGES))
    flight = shown["in_flight"]
    assert [flight[name] for name in ("values", "first", "least", "median", "greatest", "last", "growth")] == [
        *("5", "0", "0", "0", "4", "0", "\N{EN DASH}")
    ]
    assert (shown["prefix_hits"]["greatest"], shown["prefix_hits"]["growth"]) == ("\N{EN DASH}", "50")
    assert (shown["memory"]["last"], shown["memory"]["unit"]) == ("200", "MB")


def test_series_of_one_moment_are_added_up_but_states_and_shares_are_not():
    two = [*said("in_flight", 1, 2, labels={"worker": "0"}), *said("in_flight", 3, 4, labels={"worker": "1"})]
    breakers = [*said("breaker_state", 2, labels={"backend": "a"}), *said("breaker_state", 2, labels={"backend": "b"})]
    shown = rows(server_table([*two, *breakers], PAGES))
    assert (shown["in_flight"]["first"], shown["in_flight"]["last"]) == ("4", "6")
    assert shown["breaker_state"]["greatest"] == "2"


def test_a_counter_that_came_later_began_at_0():
    later = [each for each in said("attempts", 0, 7) if each.at_s]
    assert rows(server_table(later, (0.0, 1.0)))["attempts"]["growth"] == "7"


def test_a_counter_that_fell_has_no_growth():
    assert rows(server_table(said("requests", 9, 1), (0.0, 1.0)))["requests"]["growth"] == "fell: the server began anew"


def test_what_a_server_does_not_say_is_told_and_never_a_number():
    assert server_table([], ()) is None
    assert list(server_remarks([], (), "/metrics answered 404", 0)) == [
        "The server offers no metrics of its own: /metrics answered 404"
    ]
    lacking, missed, share = server_remarks(
        [*said("prefix_hits", 0, 30), *said("prefix_queries", 0, 120), *said("in_flight", 1)], (0.0, 1.0), None, 3
    )
    assert "say nothing of waiting, kv_cache_use, breaker_state" in lacking
    assert missed.startswith("3 times during the run")
    assert share.startswith("25 % of the prompt tokens")


def test_the_floor_says_how_old_it_is():
    level = FloorLevel(
        1, 300, Spread(0.0002, 0.001, "p99"), Spread(0.0, 0.0001, "p99"), Spread(1, 2, "p50"), 900, 18000
    )
    floor = Floor(100.0, level, replace(level, users=8), 190.0, 9.5)
    table = floor_table(floor)
    assert [row[0] for row in table.rows] == ["1", "8"]
    assert table.rows[0][2:5] == ("0.2, p99 1", "0, p99 0.1", "1\u202f000, p50 2\u202f000")
    assert floor_remark(floor, 142.4).startswith("The calibration floor was measured 42 s before this report")
    assert "190 \N{MICRO SIGN}s a request, 9.5 \N{MICRO SIGN}s a chunk" in floor_remark(floor, 142.4)


def test_a_client_process_shows_what_it_took_and_how_late_it_was():
    lags = {0: [0.001] * 299, 1: [0.004] * 4, DRAIN: [9.0]}
    (row,) = clients_table([ClientHealth(3, 0.42, lags, 1.5, 60_000_000, {0: [0.0002] * 5})]).rows
    assert row == ("3", "42", "1.5", "60", "4 (p99)", "0.2 (p50)")
    (idle,) = clients_table([ClientHealth(0, 0.0, {}, 0.0, 1, {})]).rows
    assert idle[-2:] == ("\N{EN DASH}", "\N{EN DASH}")


def test_the_fingerprint_names_the_machine_the_load_and_the_model():
    start = look_at_environment().as_json()
    known = start | {"governor": ("powersave",), "smt": True, "boost": None, "cpu_limit": 1.5, "load": 0.5}
    shown = dict(environment_table({"start": known, "end": known | {"load": 2.25}, "model": MODEL}).rows)
    assert shown["CPU governor"] == "powersave"
    assert shown["SMT, boost"] == "on, not told by this system"
    assert shown["container's limits"].startswith("1.5 CPUs, ")
    assert shown["load, last minute's mean"] == "0.50 at the start of the run, 2.25 at its end"
    assert (shown["model's digest"], shown["server's version"]) == ("sha256:1", "Ollama 1")
    assert f"Python {start['python'].split()[1]}" in shown["versions"]
    assert "CHANGED at the end" not in shown


def test_a_model_that_changed_is_told():
    start = look_at_environment().as_json()
    changed = {"start": start, "model": MODEL, "model_at_end": MODEL | {"digest": "sha256:2"}}
    shown = dict(environment_table(changed).rows)
    assert shown["CHANGED at the end"] == "digest sha256:2"
    assert shown["load, last minute's mean"].endswith("its end is not known")


@pytest.mark.parametrize("environment", [{}, {"model": MODEL}])
def test_without_a_fingerprint_there_is_no_table(environment):
    assert environment_table(environment) is None
