"""Stored arrivals are replayed bit by bit; a file that was changed is refused."""

import numpy as np
import pytest

from keywords.engine.load.arrival_file import load_arrivals, save_arrivals
from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.errors import ArrivalsError
from keywords.engine.load.plan import Stage


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "arrivals.csv"


@pytest.fixture
def stored(path):
    arrivals = draw_arrivals([Stage(20, rate=7), Stage(20, rate=3)], "gamma", burstiness=0.3, seed=11, warmup_s=3)
    save_arrivals(arrivals, path)
    return arrivals


def test_arrivals_come_back_bit_by_bit(stored, path):
    again = load_arrivals(path)
    assert again.at_s.tobytes() == stored.at_s.tobytes()
    assert again.stage.tobytes() == stored.stage.tobytes()
    assert (again.at_s.dtype, again.stage.dtype) == (np.float64, np.int32)
    assert (again.stages, again.warmup_s) == (stored.stages, 3)
    assert repr(again) == repr(stored)


@pytest.mark.usefixtures("stored")
def test_arrivals_of_equal_content_give_equal_files(path, tmp_path):
    save_arrivals(load_arrivals(path), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("stored")
def test_a_changed_file_is_refused(path):
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]))
    with pytest.raises(ArrivalsError, match=r"arrivals\.csv: the arrivals were changed after they were stored"):
        load_arrivals(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: this is no file of arrivals; store the arrivals again"),
        (b"at_s,stage\n0,0\n", ":1: this is no file of arrivals"),
        (b'{"arrivals": 1}\n', ":1: this is no file of arrivals"),
        (
            b'{"arrivals": 9, "process": "", "expected": 1, "warmup_s": 0, "stages": [], "sha256": ""}',
            ":1: arrivals of version 9, this program reads 1",
        ),
        (
            b'{"arrivals": 1, "process": "", "expected": 1, "warmup_s": 0, "stages": [], "sha256": ""}\n1,0\nsoon,0\n',
            ":3: this is no 'seconds,stage'",
        ),
        (b"\xff\xfe", ": this is no file of arrivals"),
    ],
)
def test_what_is_no_file_of_arrivals(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ArrivalsError) as error:
        load_arrivals(path)
    assert str(error.value).startswith(f"{path}{message}")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ArrivalsError, match="No such file or directory; give the path of the file"):
        load_arrivals(tmp_path / "none.csv")
    with pytest.raises(ArrivalsError, match=r"the arrivals cannot be written: .*; give another path"):
        save_arrivals(draw_arrivals([Stage(1, rate=1)]), tmp_path)
