"""The embedded model behind a gateway, asked past the gateway."""

from __future__ import annotations

import psutil
from robot.api.deco import keyword, library

from keywords.engine.processes.gateway import GatewayProcessError
from keywords.run.context import Gateway, chosen_gateway


@library(scope="GLOBAL", doc_format="MARKDOWN")
class BareBackendLibrary:
    """Reach the embedded model itself, to compare the gateway's answers with it."""

    @keyword
    def get_model_address(self, gateway: Gateway | None = None) -> str:
        """The address at which the gateway's embedded model itself listens, past the gateway.

        Args:
            gateway: the gateway; the target if left out.

        Raises:
            GatewayProcessError: the gateway has no embedded model, or its process does not listen.

        ```robotframework
        ${bare} =    Get Model Address
        ```
        """
        process = chosen_gateway(gateway).process.model_process()
        ports = [one.laddr.port for one in process.net_connections("inet4") if one.status == psutil.CONN_LISTEN]
        if len(ports) != 1:
            raise GatewayProcessError(f"The model's process {process.pid} listens on {ports or 'no port'}, not on one.")
        return f"http://127.0.0.1:{ports[0]}"
