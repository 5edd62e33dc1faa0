"""What GPUs this machine has, what they tell, and whether they are the expected ones."""

from __future__ import annotations

import json
import operator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.capabilities import Capabilities, capabilities
from keywords.engine.gpu.nvml import NoSuchGpuError
from keywords.gpu.device import open_driver
from keywords.run.assertions import verify, verify_no_defects
from keywords.run.output_folder import evidence_folder

_RELATIONS = {"is": ("", operator.eq), "at_least": ("at least ", operator.ge), "at_most": ("at most ", operator.le)}
State = Literal["supported", "not supported", "no permission", "unknown"]


@dataclass(frozen=True, slots=True)
class Inventory:
    """One GPU.

    Attributes:
        device: its index, from 0.
        driver: version of the driver.
        cuda: the newest CUDA that the driver serves, such as `13.0`.
        nvml: version of the library.
        facts: what it is, by the names of signals, such as `name` or `memory_total_bytes`.
        matrix: all signals, with the reasons of those that it does not tell.
    """

    device: int
    driver: str
    cuda: str
    nvml: str
    facts: dict[str, Any]
    matrix: Capabilities


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuInventoryLibrary:
    """Ask what GPUs there are.

    ```robotframework
    ${inventory} =    Get Gpu Inventory
    Gpu Inventory Should Match    ${inventory}    ${GPU_EXPECTED}
    ```
    """

    @keyword
    def get_gpu_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of GPUs that the driver lists.

        ```robotframework
        Get Gpu Count    >    0
        ```
        """
        with open_driver() as nvml:
            return verify(nvml.count, assertion_operator, assertion_expected, "The number of GPUs", message)

    @keyword
    def get_gpu_inventory(self, device: int = 0) -> Inventory:
        """Ask one GPU for all that it tells.

        Args:
            device: its index, from 0.

        Raises:
            AssertionError: there is no GPU of this index; the message has the number of those that there are.

        ```robotframework
        ${inventory} =    Get Gpu Inventory    device=0
        Get Field    ${inventory}    facts[name]    contains    NVIDIA
        ```
        """
        with open_driver() as nvml:
            try:
                matrix = capabilities(nvml, device)
            except NoSuchGpuError as error:
                raise AssertionError(str(error)) from error
            facts = {name: each.value for name, each in matrix.readings.items() if each.value is not None}
            cuda = nvml.system("nvmlSystemGetCudaDriverVersion_v2")
            version = f"{int(cuda) // 1000}.{int(cuda) % 1000 // 10}" if cuda.isdecimal() else cuda
            inventory = Inventory(device, nvml.driver, version, nvml.system("nvmlSystemGetNVMLVersion"), facts, matrix)
        logger.info(f"GPU {device}: {facts.get('name')}, driver {inventory.driver}, CUDA {version}")
        return inventory

    @keyword
    def gpu_inventory_should_match(self, inventory: Inventory, file: Path) -> None:
        """Verify that a GPU is as its product's entry in a file says.

        Args:
            inventory: from [Get Gpu Inventory].
            file: YAML, a list of products; each with `product`, the beginning of the driver's name for it, and
                `is` (exact values), `at_least` and `at_most` (bounds), by the names of signals.

        Raises:
            AssertionError: the product is not in the file, or a value is another one, or is not told.
            OSError: the file cannot be read.

        ```robotframework
        Gpu Inventory Should Match    ${inventory}    ${GPU_EXPECTED}
        ```
        """
        name = str(inventory.facts.get("name", ""))
        entries = [entry for entry in yaml.safe_load(file.read_text("utf-8")) if name.startswith(entry["product"])]
        if not entries:
            raise AssertionError(f"{file.name} has no product whose name begins {name!r}; add it, or name another file")
        verify_no_defects(
            f"GPU {inventory.device}, {name}, is not the expected one",
            _differences(inventory, max(entries, key=lambda entry: len(entry["product"]))),
        )

    @keyword
    def write_gpu_capabilities(self, inventory: Inventory) -> str:
        """Write which signals this GPU, driver and user give into `gpu_capabilities.md` and `.json` among the evidence.

        Returns:
            The table, as Markdown.

        ```robotframework
        Write Gpu Capabilities    ${inventory}
        ```
        """
        table = inventory.matrix.as_table()
        folder = evidence_folder()
        (folder / "gpu_capabilities.md").write_text(table, "utf-8")
        facts = {name: asdict(reading) for name, reading in inventory.matrix.readings.items()}
        document = {"origin": inventory.matrix.origin, "device": inventory.device, "signals": facts}
        (folder / "gpu_capabilities.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        logger.info(f"{table}\nin {folder}")
        return table

    @keyword
    def get_number_of_gpu_signals(
        self,
        inventory: Inventory,
        state: State,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """How many signals of a GPU are in a state of the capability matrix.

        ```robotframework
        Get Number Of Gpu Signals    ${inventory}    supported    >=    ${GPU_SIGNALS_MIN}
        ```
        """
        label = f"The number of signals of GPU {inventory.device} that are {state}"
        return verify(inventory.matrix.count(state), assertion_operator, assertion_expected, label, message)


def _differences(inventory: Inventory, entry: dict[str, Any]) -> list[str]:
    defects = []
    for field, (words, holds) in _RELATIONS.items():
        for name, limit in (entry.get(field) or {}).items():
            reading = inventory.matrix.readings.get(name)
            if reading is None:
                defects.append(f"the file names {name}, and there is no such signal")
            elif reading.value is None:
                defects.append(f"{name} is not told: {reading.reason}")
            elif not holds(reading.value, limit):
                defects.append(f"{name} should be {words}{limit}, got {reading.value}")
    return defects
