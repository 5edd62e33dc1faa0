"""A planted word is found wherever it is, and a search that looked at nothing fails."""

from types import SimpleNamespace

import pytest
from robot.api.types import Secret

from keywords.security.canaries import CanariesLibrary

KNOWN = "request-7"


@pytest.fixture
def sinks(tmp_path, monkeypatch):
    """`sinks.look(*words)` looks through a log, a ledger with its companion, a page of metrics and what was sent."""
    log, ledger, wal = (tmp_path / name for name in ("log", "ledger.sqlite3", "ledger.sqlite3-wal"))
    page = SimpleNamespace(status=200, body=b"metrics 1")
    span = SimpleNamespace(attributes={"gateway.request_id": KNOWN})
    receiver = SimpleNamespace(bodies=[KNOWN.encode()], spans=[span])
    for file in (log, ledger):
        file.write_text(KNOWN)
    monkeypatch.setattr("keywords.security.canaries.target.client", lambda: SimpleNamespace(send=lambda *_, **__: page))

    def look(*words):
        CanariesLibrary().sinks_should_not_contain(list(words), log, ledger, receiver=receiver, known=KNOWN)

    return SimpleNamespace(look=look, log=log, ledger=ledger, wal=wal, page=page, receiver=receiver)


def test_sinks_without_the_words_are_good(sinks):
    sinks.look("canary1", Secret("canary2"))


@pytest.mark.parametrize("place", ["log", "wal", "page", "receiver"])
def test_a_word_in_any_sink_is_found_and_a_secret_is_not_shown(sinks, place):
    match place:
        case "log":
            sinks.log.write_text(f"{KNOWN} canary2")
        case "wal":
            sinks.wal.write_text("canary2")
        case "page":
            sinks.page.body = b'x{key="canary2"} 1'
        case "receiver":
            sinks.receiver.bodies.append(b"\x0acanary2")
    with pytest.raises(AssertionError, match=r"holds the 2\. word") as error:
        sinks.look("canary1", Secret("canary2"))
    assert "canary2" not in str(error.value)


@pytest.mark.parametrize("place", ["log", "ledger", "receiver"])
def test_a_search_before_anything_was_written_fails_and_names_where(sinks, place):
    sinks.page.body = sinks.receiver.bodies[0]
    (sinks.log.parent / "log.1").write_text("elsewhere")
    match place:
        case "log":
            sinks.log.write_text("")
        case "ledger":
            sinks.ledger.unlink()
        case "receiver":
            sinks.receiver.spans.clear()
    missing = {"log": "/log:", "ledger": "/ledger.sqlite3:", "receiver": "not in the traces:"}[place]
    with pytest.raises(AssertionError, match=f"{missing} not written yet"):
        sinks.look("canary1")


def test_two_companions_of_a_ledger_do_not_stand_for_the_log(sinks):
    sinks.wal.write_text(KNOWN)
    sinks.log.write_text("")
    with pytest.raises(AssertionError, match="/log: not written yet"):
        sinks.look("canary1")
    sinks.log.write_text(KNOWN)
    sinks.ledger.write_text("")
    sinks.look("canary1")


def test_a_page_of_metrics_that_is_not_shown_fails(sinks):
    sinks.page.status = 401
    with pytest.raises(AssertionError, match="/metrics answered 401"):
        sinks.look("canary1")


def test_a_word_in_a_folder_is_found(tmp_path):
    with pytest.raises(AssertionError, match="0 files"):
        CanariesLibrary().files_should_not_contain("canary", tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "evidence").write_bytes(b"\xff canary")
    with pytest.raises(AssertionError, match="evidence"):
        CanariesLibrary().files_should_not_contain(Secret("canary"), tmp_path)
    CanariesLibrary().files_should_not_contain("other", tmp_path)
