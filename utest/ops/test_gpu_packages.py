"""Packages for a GPU machine: what fits its Python is unpacked, and what it does not need stays at home."""

import importlib.metadata
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from ops.gpu_packages import LEFT_OUT, WrongPythonError, fits, requirements, unpack

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("wheel", "python", "expected"),
    [
        ("robotframework-7.5-py3-none-any.whl", "cp312", True),
        ("six-1.17.0-py2.py3-none-any.whl", "cp312", True),
        ("orjson-3.13.0-cp312-cp312-manylinux_2_17_x86_64.whl", "cp312", True),
        ("orjson-3.13.0-cp311-cp311-manylinux_2_17_x86_64.whl", "cp312", False),
        ("psutil-7.2.0-cp36-abi3-manylinux_2_12_x86_64.whl", "cp312", True),
        ("new-1.0-cp313-abi3-manylinux_2_28_x86_64.whl", "cp312", False),
        ("tool-1.0-1-py3-none-manylinux_2_28_x86_64.whl", "cp312", True),
    ],
)
def test_a_wheel_fits_by_its_name(wheel, python, expected):
    assert fits(wheel, python) is expected


def test_wheels_that_fit_are_unpacked(tmp_path):
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    for name in ("a-1-py3-none-any.whl", f"b-1-{own}-{own}-linux.whl", "c-1-cp27-cp27m-linux.whl"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(f"{name[0]}/__init__.py", "")
    assert unpack(tmp_path, tmp_path / "site") == 2
    assert {"a", "b"} <= {each.name for each in (tmp_path / "site").iterdir()}


def test_the_gateway_finds_its_own_version_among_them(tmp_path):
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    with zipfile.ZipFile(tmp_path / f"b-1-{own}-{own}-linux.whl", "w") as archive:
        archive.writestr("b/__init__.py", "")
    unpack(tmp_path, tmp_path)
    (found,) = importlib.metadata.distributions(name="llm-gateway-qa", path=[str(tmp_path)])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert found.version == project["version"]


def test_packages_for_another_python_are_told_with_the_remedy(tmp_path):
    (tmp_path / "b-1-cp27-cp27m-linux.whl").touch()
    with pytest.raises(WrongPythonError, match=r"pack with --for 3\.\d+, or name another Python by PYTHON"):
        unpack(tmp_path, tmp_path / "site")


def test_what_is_left_out_is_no_requirement_and_the_driver_is_one():
    names = requirements()
    assert not [each for each in names for name in LEFT_OUT if each.startswith(name)]
    assert [each for each in names if each.startswith("nvidia-ml-py")]
    assert [each for each in names if each.startswith("aiohttp")]


def test_the_workflow_runs_on_ones_own_machine_only_and_never_for_a_fork():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "gpu.yml").read_text("utf-8"))
    job = workflow["jobs"]["gpu-validation"]
    assert "vars.GPU_RUNNER != ''" in job["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]
    assert job["runs-on"][0] == "self-hosted"
    assert workflow["permissions"] == {"contents": "read"}
    # YAML reads `on` as true.
    assert "pull_request_target" not in workflow[True]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert [command.split()[0] for command in commands] == ["ops/gpu_validation.sh"] * 2
