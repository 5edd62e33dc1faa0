import json

import pytest

from ops.bench.scale.matrix import CommandError, measure_command, write_project


def test_the_pages_of_a_written_project_are_made_and_measured(tmp_path):
    write_project(tmp_path, rows=40, requirements=10)
    cost = measure_command(tmp_path, "matrix")
    assert cost.wall_s > 0
    assert 0 < cost.peak_mb < 1000
    data = json.loads((tmp_path / "results" / "matrix" / "matrix.json").read_bytes())
    assert {name: count for name, count in data["row_counts"].items() if count} == {"FAIL": 1, "PASS": 39}
    assert {name: count for name, count in data["requirement_counts"].items() if count} == {"FAILING": 1, "PASSING": 9}
    assert all(row["evidence"] for row in data["rows"])


def test_a_command_that_fails_is_told(tmp_path):
    with pytest.raises(CommandError, match="qa matrix failed: "):
        measure_command(tmp_path, "matrix", "--output", "none.xml")
