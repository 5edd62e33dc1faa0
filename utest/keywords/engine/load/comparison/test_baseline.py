import json
from dataclasses import replace
from errno import ENOSPC
from math import inf
from pathlib import Path

import pytest

from keywords.engine.load.comparison.baseline import baseline_file, keep_baseline, read_baseline
from keywords.engine.load.comparison.series import Series, SeriesError
from utest.keywords.engine.load.comparison.made import series, spread

KEPT = series("release", {"e2e_p50": [*spread(0.2, 4), inf], "rps": spread(50)}, rounds=[f"s-{n}" for n in range(5)])


def test_a_baseline_is_read_as_it_was_kept(tmp_path):
    file = baseline_file(tmp_path, "main")
    keep_baseline(KEPT, "main", file)
    assert file == tmp_path / "baselines" / "load" / "main.json"
    assert read_baseline(file) == Series("baseline:main", KEPT.runs)
    assert "NaN" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (Series("s", KEPT.runs[:4]), "s has 4 load runs, and a baseline needs 5"),
        (Series("s", (*KEPT.runs[:4], replace(KEPT.runs[4], problem="was interrupted"))), "run 5 of s was interrupted"),
        (Series("s", (*KEPT.runs[:4], replace(KEPT.runs[4], load="9/s"))), "their loads differ"),
        (Series("s", (*KEPT.runs[:4], replace(KEPT.runs[4], workload_hash=None))), "run 5 does not tell what it sent"),
        (Series("s", ()), "s has no load run"),
    ],
)
def test_what_nothing_can_be_compared_with_is_no_baseline(tmp_path, kept, words):
    with pytest.raises(SeriesError, match=words):
        keep_baseline(kept, "main", tmp_path / "main.json")
    assert not (tmp_path / "main.json").exists()


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a" * 65, "a\nb"])
def test_a_name_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(SeriesError, match="a baseline cannot be named"):
        baseline_file(tmp_path, name)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SeriesError, match="cannot be written"):
        keep_baseline(KEPT, "main", tmp_path / "file" / "main.json")


def test_a_full_disk_costs_no_older_baseline(tmp_path, monkeypatch):
    file = baseline_file(tmp_path, "main")
    keep_baseline(KEPT, "main", file)

    def half(path, text, **_):
        path.write_bytes(text[:100].encode())
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(SeriesError, match="No space left on device"):
        keep_baseline(KEPT, "main", file)
    assert read_baseline(file) == Series("baseline:main", KEPT.runs)


@pytest.mark.parametrize("figure", ["NaN", -1])
def test_a_figure_that_is_no_measurement_is_refused(tmp_path, figure):
    file = baseline_file(tmp_path, "main")
    keep_baseline(KEPT, "main", file)
    content = json.loads(file.read_text(encoding="utf-8"))
    content["runs"][0]["figures"]["e2e_p50"] = figure
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SeriesError, match=r"runs\.0\.figures\.e2e_p50: Input should be greater than or equal to 0"):
        read_baseline(file)
