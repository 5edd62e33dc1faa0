from array import array

import pytest

from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, sample_row
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run
from ops.bench.referee.own_samples import read_streams


def test_stored_samples_become_streams(tmp_path):
    samples = [
        Sample(0, t_sent=10.0, chunk_times=array("d", [10.5, 10.75]), request_id="a"),
        Sample(1, t_sent=11.0, error="cut"),
        Sample(2, t_sent=12.0, chunk_times=array("d", [12.25]), request_id="c"),
    ]
    with Store(tmp_path / "m.db", LOAD_ROOM) as store:
        begin_run(store, "load", "referee")
        store.insert(SAMPLES, [sample_row(1, sample) for sample in samples])
    first, broken, last = read_streams(tmp_path / "m.db")
    assert (first.id, first.sent_s, first.whole) == ("a", 10.0, True)
    assert first.chunks_s == pytest.approx([10.5, 10.75])
    assert (broken.id, broken.chunks_s, broken.whole) == ("", [], False)
    assert last.chunks_s == pytest.approx([12.25])
