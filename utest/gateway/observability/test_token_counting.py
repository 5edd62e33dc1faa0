"""Requests without a count of the backend reach the sinks once a tokenizer has counted them, or takes too long."""

import asyncio
import json
import sqlite3

import pytest

from gateway.backends.kinds import GatewayConfig
from gateway.config.observability import Price
from gateway.errors.base import BackendBadAnswer
from gateway.limits.admission import Reservation
from gateway.limits.keyring import Key
from gateway.limits.store import MemoryStore, Ticket
from gateway.observability import token_counting
from gateway.observability.observers import Observers
from gateway.observability.token_counting import TokenCounting
from gateway.request.record import RequestRecord
from gateway.request.usage import Meter, Usage

COUNTED = Usage(35, 7, "tokenizer")
PRICE = Price(input_per_million=1, output_per_million=2)


class Ended:
    outcome = "cancelled"

    def entry(self, _):
        return {
            "backend": "b",
            "model": "m",
            "after": 0,
            "took": 0,
            "status": 200,
            "reason": None,
            "outcome": "cancelled",
        }

    backend = "b"


class Tokenizer:
    """Counts after a pause, or fails; knows how many counted at once."""

    def __init__(self, pause_s=0.0, result=COUNTED):
        self.pause_s, self.result = pause_s, result
        self.busy = self.busiest = 0

    async def count(self):
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await asyncio.sleep(self.pause_s)
        finally:
            self.busy -= 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def left(tokenizer=None, **fields):
    """A stream that its client left after two events."""
    record = RequestRecord(
        "id", "POST", "/v1/chat/completions", status=499, streamed=True, model="m", backend="b", **fields
    )
    record.request_fields = {"messages": [{"role": "user", "content": "x" * 400}]}
    record.attempts = [Ended()]
    record.meter = Meter(token_counter=tokenizer)
    for _ in range(3):
        record.meter.note_block(b'data: {"choices":[{"delta":{"content":" word"}}]}\n\n')
    return record


def reported(tokenizer, requests=1, *, after_s=0.0, close=True):
    """The records that reach the sinks, of this many requests that end at once."""

    async def scenario():
        waiting, records = [left(tokenizer) for _ in range(requests)], []
        counts = TokenCounting(records.append)
        for record in waiting:
            record.settle(0.0, PRICE)
            counter, record.token_counter = record.token_counter, None
            if not counts.start(record, counter, PRICE, None):
                records.append(record)
        assert not [record for record in records if record.usage.source == "tokenizer"], "an answer would wait for it"
        await asyncio.sleep(after_s)
        if close:
            await counts.close()
        return records

    return asyncio.run(scenario())


def test_the_tokenizers_count_and_its_price_are_told():
    (record,) = reported(Tokenizer())
    assert (record.usage, record.cost_usd, record.token_counter) == (COUNTED, 0.000049, None)


@pytest.mark.parametrize("result", [None, BackendBadAnswer("no"), RuntimeError("Session is closed")])
def test_what_cannot_be_counted_stays_an_estimate(result):
    (record,) = reported(Tokenizer(result=result))
    assert record.usage.source == "estimate"
    assert record.cost_usd > 0


def test_what_takes_too_long_stays_an_estimate_however_many_wait(monkeypatch):
    monkeypatch.setattr(token_counting, "WITHIN_S", 0.1)
    records = reported(Tokenizer(pause_s=30), 50, after_s=0.3, close=False)
    assert [record.usage.source for record in records] == ["estimate"] * 50


def test_only_so_many_are_counted_at_once():
    tokenizer = Tokenizer(pause_s=0.002)
    records = reported(tokenizer, 50, after_s=0.3)
    assert {record.usage.source for record in records} == {"tokenizer"}
    assert len(records) == 50
    assert tokenizer.busiest == token_counting.CONCURRENCY


def test_more_than_may_wait_are_told_at_once(monkeypatch):
    monkeypatch.setattr(token_counting, "WAITING_LIMIT", 10)
    records = reported(Tokenizer(), 15)
    assert [record.usage.source for record in records] == ["estimate"] * 5 + ["tokenizer"] * 10


def test_a_gateway_that_ends_loses_no_request(monkeypatch):
    monkeypatch.setattr(token_counting, "CLOSE_S", 0.05)
    records = reported(Tokenizer(pause_s=30), 20)
    assert [record.usage.source for record in records] == ["estimate"] * 20


def test_a_gateway_that_ends_counts_what_can_be_counted_soon():
    records = reported(Tokenizer(pause_s=0.01), 20)
    assert [record.usage.source for record in records] == ["tokenizer"] * 20


def configured(**fields):
    return GatewayConfig(
        backends={"b": {"kind": "openai", "base_url": "http://127.0.0.1:9"}},
        models={"m": {"route": [{"backend": "b"}]}},
        **fields,
    )


def ended(tmp_path, record, reservation=None):
    """Everything that observers tell of one request: its line in the log, its row in the ledger, the metrics."""
    config = configured(ledger={"path": str(tmp_path / "ledger.sqlite3")}, prices={"m": PRICE.model_dump()})
    lines = []

    async def scenario():
        observers = Observers(config)
        observers._log.add = lambda it: lines.append(it.usage)
        observers.begin(record)
        observers.end(record, 0.0, reservation)
        if reservation:
            reservation.release(*record.spent)
        await observers.count_last()
        await observers.close()
        return observers.metrics.page().decode()

    page = asyncio.run(scenario())
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
        (row,) = connection.execute("SELECT prompt_tokens, completion_tokens, tokens_source, cost_usd FROM requests")
    connection.close()
    return lines, row, page


def test_log_ledger_and_metrics_tell_the_same_of_it_once(tmp_path):
    lines, row, page = ended(tmp_path, left(Tokenizer()))
    assert lines == [COUNTED]
    assert row == (35, 7, "tokenizer", 0.000049)
    labels = [line for line in page.splitlines() if line.startswith("gen_ai_client_token_usage_sum")]
    assert len(labels) == 2
    assert all('gateway_token_source="tokenizer"' in line for line in labels)
    assert "gateway_cost_usd_total" in page
    assert "gateway_requests_in_flight 0.0" in page


def test_a_key_pays_what_was_counted(tmp_path):
    key = Key("k", budget_tokens=1000, budget_usd=1.0)
    store = MemoryStore(60.0)
    ticket = Ticket(key, 500, 0.5)
    reservation = Reservation([], ticket, store, None)

    async def let_in():
        await store.take(ticket)
        await reservation.wait_for_slot()

    asyncio.run(let_in())
    ended(tmp_path, left(Tokenizer()), reservation)
    tokens, usd = store.spent_by("k")
    assert (tokens, round(usd, 9)) == (42, 0.000049)


def test_a_count_of_the_backends_own_needs_no_tokenizer(tmp_path):
    record = left(Tokenizer())
    record.meter.note_block(
        b"data: " + json.dumps({"usage": {"prompt_tokens": 3, "completion_tokens": 5}}).encode() + b"\n\n"
    )
    assert ended(tmp_path, record)[1][:3] == (3, 5, "backend")


def test_what_the_answers_head_told_is_not_counted_anew():
    async def scenario():
        record = left(Tokenizer())
        observers = Observers(configured())
        records = []
        observers._log.add = records.append
        observers.settle(record, 0.0)
        observers.end(record, 0.0, None)
        return records

    (record,) = asyncio.run(scenario())
    assert record.usage.source == "estimate"
