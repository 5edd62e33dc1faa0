"""What happens where there is no driver, no permission or no such GPU: it is told, and never taken for a 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.gpu.refused import ask_refused

Refusal = Literal["no driver", "no permission", "bad index"]


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """What came of a question that must be refused.

    Attributes:
        state: `no driver`, `no permission`, `bad index`, or what came in its place.
        reason: as the user reads it.
        value: that came; None as it must be.
    """

    state: str
    reason: str
    value: object


@library(scope="GLOBAL", doc_format="MARKDOWN")
class GpuDriverLibrary:
    """Ask what must be refused, each time in a process of its own.

    ```robotframework
    ${answer} =    Ask Gpu Under Refusal    bad index
    Get Field    ${answer}    reason    contains    the driver lists
    ```
    """

    @keyword
    def ask_gpu_under_refusal(self, refusal: Refusal) -> RefusedAnswer:
        """Ask a GPU for its power limit where that is refused.

        Args:
            refusal: `no driver` asks with a library that is not there, `bad index` for a GPU that is not there;
                `no permission` asks, as a user without rights, to set the power limit to what it is.

        ```robotframework
        ${answer} =    Ask Gpu Under Refusal    no permission
        Get Field    ${answer}    state    ==    no permission
        Get Field    ${answer}    value    ==    ${None}
        ```
        """
        answer = RefusedAnswer(**ask_refused(refusal))
        logger.info(answer)
        return answer
