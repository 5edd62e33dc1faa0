"""Work that is put on GPUs: a checked vector addition, copies and matrix products with their speed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.datasheets import Datasheet, find_datasheet
from keywords.engine.gpu.session import TelemetrySession
from keywords.engine.gpu.workload import NoToolError, Workload, add_by_nvcc, run_program
from keywords.gpu.device import decline
from keywords.gpu.inventory import Inventory
from keywords.run.assertions import verify
from keywords.run.places import RESOURCES

DATASHEETS: Final = RESOURCES / "gpu" / "datasheets.yaml"
By = Literal["python", "nvcc"]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuWorkloadLibrary:
    """Let a GPU work, and compare its results and its speed.

    The Python that has PyTorch, CuPy or Numba need not be the one that runs the rows: `-v GPU_PYTHON:/path/python`.

    ```robotframework
    Gpu Should Add Vectors    python    ${GPU_PYTHON}
    ${copies} =    Copy Gpu Memory    5 s    ${GPU_PYTHON}
    Get Bandwidth Share    ${copies}    ${inventory}    >    ${GPU_BANDWIDTH_SHARE_MIN}
    ```
    """

    @keyword
    def gpu_should_add_vectors(self, by: By, python: str = "", *, device: int = 0) -> None:
        """Verify that a million sums of a GPU are those of the processor.

        Args:
            by: `python` for whichever of PyTorch, CuPy and Numba is installed; `nvcc` for a compiled program.
            python: the interpreter; the one of the rows if empty.
            device: the GPU's index.

        Raises:
            AssertionError: sums are wrong; the message has their number.
            WorkloadError: the program failed.
            SkipExecution: the machine has nothing that could do it.

        ```robotframework
        Gpu Should Add Vectors    nvcc
        ```
        """
        try:
            done = add_by_nvcc(device) if by == "nvcc" else run_program("vector-add", device=device, python=python)
        except NoToolError as error:
            decline(f"{error}.")
        wrong = done.numbers["wrong"]
        logger.info(f"{done.tool}: {wrong} wrong sums")
        if wrong:
            raise AssertionError(f"GPU {device} should add right, but {wrong} sums by {done.tool} are wrong")

    @keyword
    def copy_gpu_memory(self, duration: timedelta, python: str = "", *, device: int = 0) -> Workload:
        """Copy memory of a GPU to itself for some time.

        ```robotframework
        ${copies} =    Copy Gpu Memory    5 s    ${GPU_PYTHON}
        ```
        """
        return _run("copy", duration, python, device)

    @keyword
    def multiply_matrices(
        self, duration: timedelta, python: str = "", *, session: TelemetrySession | None = None, device: int = 0
    ) -> Workload:
        """Multiply large matrices on a GPU for some time.

        Args:
            duration: how long.
            python: the interpreter with PyTorch; the one of the rows if empty.
            session: of telemetry, in which the time is named `run`.
            device: the GPU's index.

        ```robotframework
        ${products} =    Multiply Matrices    30 s    ${GPU_PYTHON}    session=${session}
        ```
        """
        done = _run("matmul", duration, python, device)
        if session is not None:
            session.add_window("run", *done.ends)
        return done

    @keyword
    def get_bandwidth_share(
        self,
        copies: Workload,
        inventory: Inventory,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The speed of copies as a share of the datasheet's bandwidth, 0 to 1; reads and writes both count.

        Raises:
            AssertionError: the comparison failed.
            SkipExecution: the product's datasheet is not in `resources/gpu/datasheets.yaml`.

        ```robotframework
        Get Bandwidth Share    ${copies}    ${inventory}    >    ${GPU_BANDWIDTH_SHARE_MIN}
        ```
        """
        sheet, speed = _datasheet(inventory), float(copies.numbers["bytes_per_s"])
        told = f"{speed / 1e12:.3f} of {sheet.memory_bytes_per_s / 1e12:g} TB/s by {copies.tool}; {sheet.source}"
        logger.info(told)
        share = speed / sheet.memory_bytes_per_s
        return verify(
            share, assertion_operator, assertion_expected, "Share of the datasheet's bandwidth", message, told
        )

    @keyword
    def get_matrix_product_share(
        self,
        products: Workload,
        inventory: Inventory,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The speed of matrix products of bfloat16 as a share of the datasheet's, 0 to 1.

        ```robotframework
        Get Matrix Product Share    ${products}    ${inventory}    >    ${GPU_MATRIX_SHARE_MIN}
        ```
        """
        sheet, speed = _datasheet(inventory), float(products.numbers["operations_per_s"])
        told = (
            f"{speed / 1e12:.1f} of {sheet.bf16_operations_per_s / 1e12:g} TFLOP/s by {products.tool}; {sheet.source}"
        )
        logger.info(told)
        share = speed / sheet.bf16_operations_per_s
        label = "Share of the datasheet's matrix products"
        return verify(share, assertion_operator, assertion_expected, label, message, told)


def _run(work: Literal["copy", "matmul"], duration: timedelta, python: str, device: int) -> Workload:
    try:
        done = run_program(work, device=device, seconds=duration.total_seconds(), python=python)
    except NoToolError as error:
        decline(f"{error}.")
    logger.info(f"{done.tool}: {done.numbers}")
    return done


def _datasheet(inventory: Inventory) -> Datasheet:
    name = str(inventory.facts.get("name", ""))
    sheet = find_datasheet(DATASHEETS, name)
    if sheet is None:
        decline(f"the datasheet of {name!r} is not in {DATASHEETS.name}; add its bandwidth and its source.")
    return sheet
