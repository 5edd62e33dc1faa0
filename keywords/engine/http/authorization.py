"""Authorization of clients that write their headers themselves."""

from __future__ import annotations

import base64
from urllib.parse import unquote, urlsplit


def authorization(base_url: str, api_key: str | None) -> str | None:
    """The value of the header `Authorization`: of the user and the password in an address, else of the key, else None.

    Args:
        base_url: the server's address.
        api_key: key of the server; None or empty for none.
    """
    address = urlsplit(base_url)
    if address.username or address.password:
        user = f"{unquote(address.username or '')}:{unquote(address.password or '')}"
        return f"Basic {base64.b64encode(user.encode()).decode()}"
    return f"Bearer {api_key}" if api_key else None
