"""Work that comes out wrong fails; work that nothing can do is declined with the remedy."""

import json
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.gpu import workload as engine
from keywords.engine.gpu.workload import PROGRAM, SOURCE, Workload, WorkloadError
from keywords.gpu.workload import GpuWorkloadLibrary

MORE = AssertionOperator[">"]


@pytest.fixture
def python(tmp_path):
    """A stand-in for a Python with PyTorch: prints something and ends."""

    def python(printed="", status=0, error=""):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\necho '{error}' >&2\ncat <<'END'\n{printed}\nEND\nexit {status}\n")
        path.chmod(0o755)
        return str(path)

    return python


def result(**numbers):
    return json.dumps({"library": "torch", "version": "2.9", **numbers})


def test_right_sums_pass_and_wrong_ones_are_counted(python):
    library = GpuWorkloadLibrary()
    library.gpu_should_add_vectors("python", python(result(wrong=0)))
    with pytest.raises(AssertionError, match=r"should add right, but 3 sums by torch 2\.9 are wrong"):
        library.gpu_should_add_vectors("python", python(result(wrong=3)))


def test_a_python_without_a_library_is_declined_with_the_remedy(python):
    with pytest.raises(SkipExecution, match=r"torch is not installed\. Name a Python .* -v GPU_PYTHON:"):
        GpuWorkloadLibrary().gpu_should_add_vectors("python", python(status=3, error="torch is not installed"))


def test_a_python_that_is_not_there_is_declined():
    with pytest.raises(SkipExecution, match="/nowhere/python cannot be started"):
        GpuWorkloadLibrary().copy_gpu_memory(timedelta(seconds=1), "/nowhere/python")


@pytest.mark.parametrize("printed", ["", "no json"])
def test_a_program_that_fails_or_prints_nothing_is_a_breakage(python, printed):
    with pytest.raises(WorkloadError, match=r"copy ended with 0"):
        GpuWorkloadLibrary().copy_gpu_memory(timedelta(seconds=1), python(printed))
    with pytest.raises(WorkloadError, match=r"matmul ended with 1: CUDA out of memory"):
        GpuWorkloadLibrary().multiply_matrices(timedelta(seconds=1), python(status=1, error="CUDA out of memory"))


def test_a_program_that_hangs_is_a_breakage(monkeypatch):
    def hang(*_, **__):
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(engine.subprocess, "run", hang)
    with pytest.raises(WorkloadError, match="did not end within 121 s"):
        GpuWorkloadLibrary().copy_gpu_memory(timedelta(seconds=1))


def test_the_time_of_matrix_products_is_a_window_of_the_telemetry(python):
    windows = []
    session = SimpleNamespace(add_window=lambda *window: windows.append(window))
    printed = result(began_s=5.0, ended_s=25.0, size=8192, operations_per_s=7e14)
    GpuWorkloadLibrary().multiply_matrices(timedelta(seconds=20), python(printed), session=session)
    assert windows == [("run", 5.0, 25.0)]


def inventory(name):
    return SimpleNamespace(facts={"name": name})


def test_speed_is_a_share_of_the_datasheets():
    library = GpuWorkloadLibrary()
    copies = Workload("torch 2.9", {"bytes_per_s": 3.6e12})
    assert library.get_bandwidth_share(copies, inventory("NVIDIA H200"), MORE, 0.7) == pytest.approx(0.75)
    products = Workload("torch 2.9", {"operations_per_s": 494.5e12})
    assert library.get_matrix_product_share(products, inventory("NVIDIA H100 80GB HBM3")) == pytest.approx(0.5)
    with pytest.raises(AssertionError, match=r"got 0\.75; 3\.600 of 4\.8 TB/s by torch 2\.9; NVIDIA H200"):
        library.get_bandwidth_share(copies, inventory("NVIDIA H200"), MORE, 0.8)


def test_the_longest_name_in_the_datasheets_counts():
    copies = Workload("torch 2.9", {"bytes_per_s": 0.3e12})
    assert GpuWorkloadLibrary().get_bandwidth_share(copies, inventory("NVIDIA L4")) == pytest.approx(1.0)
    assert GpuWorkloadLibrary().get_bandwidth_share(copies, inventory("NVIDIA L40S")) == pytest.approx(0.347, abs=0.001)


def test_a_product_without_a_datasheet_is_declined():
    copies = Workload("torch 2.9", {"bytes_per_s": 1.0})
    with pytest.raises(SkipExecution, match=r"'NVIDIA New' is not in datasheets\.yaml"):
        GpuWorkloadLibrary().get_bandwidth_share(copies, inventory("NVIDIA New"))


def test_without_nvcc_its_row_is_declined(monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda _: None)
    with pytest.raises(SkipExecution, match="no `nvcc` on the path"):
        GpuWorkloadLibrary().gpu_should_add_vectors("nvcc")


def test_a_compiled_program_is_run_and_its_count_read(monkeypatch, tmp_path):
    compiler = tmp_path / "nvcc"
    compiler.write_text('#!/bin/sh\nprintf "#!/bin/sh\\necho 2\\n" > "$2"\nchmod +x "$2"\n')
    compiler.chmod(0o755)
    monkeypatch.setattr(engine.shutil, "which", lambda _: str(compiler))
    with pytest.raises(AssertionError, match="2 sums by nvcc are wrong"):
        GpuWorkloadLibrary().gpu_should_add_vectors("nvcc")


def test_the_program_says_what_it_lacks():
    done = subprocess.run([sys.executable, str(PROGRAM), "matmul"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("torch")
    assert SOURCE.is_file()
