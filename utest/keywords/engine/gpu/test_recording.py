"""A recording made of a driver's answers is replayed as they were, and says that it is a replay."""

import json

import pynvml
import pytest

from keywords.engine.gpu.capabilities import capabilities
from keywords.engine.gpu.nvml import NoSuchGpuError, Nvml
from keywords.engine.gpu.reading import Call
from keywords.engine.gpu.recording import Recorder, RecordingError, Replay
from keywords.engine.gpu.sampler import Sampler
from utest.keywords.gpu_driver import Driver, Error, healthy, install


@pytest.fixture
def driver(monkeypatch):
    return install(healthy(Driver()), monkeypatch)


@pytest.fixture
def recording(driver, tmp_path):
    """Three samples; the driver loses the GPU at the second."""
    powers = iter([100_000, 100_000, 300_000, Error(pynvml.NVML_ERROR_GPU_IS_LOST), 200_000])
    driver.fields[pynvml.NVML_FI_DEV_POWER_INSTANT] = lambda: next(powers)
    driver.answers["nvmlDeviceGetTotalEccErrors"] = Error(pynvml.NVML_ERROR_NO_PERMISSION)
    recorder = Recorder(Nvml(), "a test")
    sampler = Sampler(recorder, [0])
    live = [sampler.sample() for _ in range(3)]
    path = tmp_path / "h200.json"
    recorder.save(path)
    recorder.close()
    return path, sampler.matrices, live


def test_a_replay_gives_the_samples_that_were_recorded(recording):
    path, matrices, live = recording
    sampler = Sampler(Replay(path), [0])
    assert [sampler.sample() for _ in range(3)] == live
    assert sampler.sample() is None
    replayed, recorded = sampler.matrices[0].readings, matrices[0].readings
    assert {**recorded, "uuid": None} == {**replayed, "uuid": None}


def test_errors_are_replayed_with_their_codes(recording):
    readings = capabilities(Replay(recording[0])).readings
    assert readings["ecc_corrected_volatile"].state == "no permission"
    assert readings["ecc_corrected_volatile"].code == pynvml.NVML_ERROR_NO_PERMISSION


def test_a_replay_says_that_it_is_one(recording):
    replay = Replay(recording[0])
    assert replay.origin == "replay of h200.json, recorded with driver 570.0"
    assert capabilities(replay).as_table().splitlines()[2].startswith("Source: replay of h200.json")
    assert (replay.made_by, replay.notes) == ("a test", {})


def test_a_recording_names_no_single_gpu(recording):
    assert "GPU-1234" not in recording[0].read_text("utf-8")
    assert capabilities(Replay(recording[0])).readings["uuid"].value == "hidden"


def test_a_call_that_was_not_recorded_is_unknown(recording):
    call = Call("nvmlDeviceGetSomethingElse")
    reading = Replay(recording[0]).ask(0, (call,))[call]
    assert (reading.value, reading.state, reading.reason) == (None, "unknown", "the recording does not hold this call")


def test_a_replay_has_no_more_devices_than_were_recorded(recording):
    with pytest.raises(NoSuchGpuError, match="no GPU 1: the recording holds 1"):
        Replay(recording[0]).ask(1, ())


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"format": 2})])
def test_another_file_is_refused_with_the_program_that_makes_one(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(RecordingError, match=r"keywords\.engine\.gpu\.record"):
        Replay(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="cannot be read"):
        Replay(tmp_path / "none.json")
