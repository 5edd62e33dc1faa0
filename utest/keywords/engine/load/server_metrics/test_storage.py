"""The server's metrics stand in the store, joined to their run."""

import json

from keywords.engine.load.server_metrics.signals import SignalValue
from keywords.engine.load.server_metrics.storage import SERVER_ROOM, store_signals
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run


def test_signals_are_stored_with_their_run(tmp_path):
    path = tmp_path / "measurements.db"
    with Store(path) as store:
        run = begin_run(store, "load", "series")
    store_signals(path, run, [SignalValue(1.5, "breaker_state", "gateway_breaker_state", {"gateway_backend": "a"}, 2)])
    with Store(path, SERVER_ROOM) as store:
        ((*values, labels),) = store.query("SELECT run, at, signal, value, labels FROM server_metrics")
    assert values == [run, 1.5, "breaker_state", 2.0]
    assert json.loads(labels) == {"gateway_backend": "a"}
