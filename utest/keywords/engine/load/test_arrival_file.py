"""Stored arrivals are replayed bit by bit; a file that was changed is refused."""

import json

import numpy as np
import pytest

from keywords.engine.load.arrival_file import load_arrivals, save_arrivals
from keywords.engine.load.arrivals import Arrivals, draw_arrivals
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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stages", []),
        ("stages", 5),
        ("stages", [{"duration_s": 1.0}]),
        ("stages", [{"duration_s": -1.0, "rate": 1.0}]),
        ("stages", [{"duration_s": 1.0, "rate": 1.0, "users": 3}]),
        ("stages", [{"duration_s": 1.0, "rate": 1.0, "colour": "red"}]),
        ("warmup_s", "soon"),
        ("warmup_s", -1.0),
        ("expected", 1e12),
        ("process", [1]),
    ],
)
@pytest.mark.usefixtures("stored")
def test_a_changed_head_is_refused(path, field, value):
    head, rest = path.read_text().split("\n", 1)
    path.write_text(json.dumps(json.loads(head) | {field: value}) + "\n" + rest)
    with pytest.raises(ArrivalsError, match=r"arrivals\.csv:1: .*; store the arrivals again"):
        load_arrivals(path)


@pytest.mark.parametrize(
    ("at_s", "stage"),
    [
        ([], []),
        ([float("nan")], [0]),
        ([float("inf")], [0]),
        ([-5.0], [0]),
        ([0.3, 0.1], [0, 0]),
        ([0.1], [7]),
        ([0.1], [-2]),
        ([9.0], [0]),
    ],
    ids=str,
)
def test_arrivals_that_nobody_drew_are_refused(path, at_s, stage):
    arrivals = Arrivals(np.array(at_s), np.array(stage, np.int32), "by hand", stages=(Stage(1.0, rate=1.0),))
    save_arrivals(arrivals, path)
    with pytest.raises(ArrivalsError, match=r"arrivals\.csv: the arrivals were changed"):
        load_arrivals(path)


@pytest.mark.usefixtures("stored")
def test_a_stage_without_an_end_is_refused(path):
    head, rest = path.read_text().split("\n", 1)
    stages = [{**stage, "duration_s": None, "items": None} for stage in json.loads(head)["stages"]]
    path.write_text(json.dumps(json.loads(head) | {"stages": stages}) + "\n" + rest)
    with pytest.raises(ArrivalsError, match="the arrivals were changed"):
        load_arrivals(path)


@pytest.mark.usefixtures("stored")
def test_deep_nesting_and_a_stage_beyond_all_are_no_arrivals(path):
    path.write_text(path.read_text().split("\n")[0] + "\n0.1,99999999999\n")
    with pytest.raises(ArrivalsError, match="an arrival has a stage that is none"):
        load_arrivals(path)
    path.write_text("[" * 100_000)
    with pytest.raises(ArrivalsError, match="this is no file of arrivals"):
        load_arrivals(path)
