"""GPUs inside containers."""

from __future__ import annotations

import re

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.processes.containers import find_engine, run_in_container
from keywords.gpu.inventory import Inventory

_UUID = re.compile(r"GPU-[0-9a-f-]+", re.IGNORECASE)
_FETCHES_WITHIN_S = 150.0


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuContainerLibrary:
    """Ask for GPUs inside a container.

    ```robotframework
    Container Should See Gpu    ${inventory}    ${GPU_IMAGE}
    ```
    """

    @keyword
    def container_should_see_gpu(self, inventory: Inventory, image: str) -> None:
        """Verify that `nvidia-smi` inside a container names the GPU that NVML names outside.

        Args:
            inventory: of the GPU outside.
            image: any image with a shell; NVIDIA's container toolkit puts `nvidia-smi` into it.

        Raises:
            AssertionError: it names others.
            ContainerError: the container does not run, or has no `nvidia-smi`.

        ```robotframework
        Container Should See Gpu    ${inventory}    ${GPU_IMAGE}
        ```
        """
        engine = find_engine() or "docker"
        options = ["--device", "nvidia.com/gpu=all"] if engine.endswith("podman") else ["--gpus", "all"]
        listed = run_in_container(engine, image, ["nvidia-smi", "-L"], options=options, within_s=_FETCHES_WITHIN_S)
        logger.info(listed)
        inside, outside = _UUID.findall(listed), str(inventory.facts.get("uuid"))
        if outside not in inside:
            raise AssertionError(
                f"`nvidia-smi` in a container of {image} should name {outside}, and names {', '.join(inside) or 'none'}"
            )
