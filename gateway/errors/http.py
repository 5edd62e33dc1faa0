"""Errors of a request before its body is read.

    GatewayError
    ├── UnknownUrl                 404  unknown_url
    ├── MethodNotAllowed           405  method_not_allowed, with Allow
    ├── RequestTimeout             408  request_timeout: the client did not send the whole request
    ├── BodyTooLarge               413  body_too_large
    ├── TooManyConnections         429  too_many_connections: from one address
    ├── HeadersTooLarge            431  headers_too_large
    ├── UnsupportedTransferCoding  501  unsupported_transfer_encoding
    └── HttpVersionNotSupported    505  http_version_not_supported

The rest of the tree stands in `gateway.errors.base`.
"""

# ruff: file-ignore[N818]
# As in `gateway.errors.base`.

from __future__ import annotations

from gateway.errors.base import RETRY_AFTER_S, GatewayError, shorten


class UnknownUrl(GatewayError):
    """No such path."""

    default_status = 404
    default_type = "invalid_request_error"
    default_code = "unknown_url"

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unknown request URL: {method} {shorten(path)}. "
            "Check the path; chat is POST /v1/chat/completions, and /openapi.json lists all the others."
        )


class MethodNotAllowed(GatewayError):
    """The path does not support the method."""

    default_status = 405
    default_type = "invalid_request_error"
    default_code = "method_not_allowed"

    def __init__(self, method: str, path: str, allow: str) -> None:
        super().__init__(
            f"Method {method} is not allowed on {shorten(path)}. Use {allow}.",
            headers={"allow": allow},
        )


class RequestTimeout(GatewayError):
    """The client did not send the whole request in time."""

    default_status = 408
    default_type = "invalid_request_error"
    default_code = "request_timeout"

    def __init__(self, what: str, limit_s: float) -> None:
        super().__init__(
            f"The {what} of the request did not arrive within {limit_s:g} s. Send the request again, all of it.",
            headers={"connection": "close"},
        )


class BodyTooLarge(GatewayError):
    """The request body is larger than `limits.body_bytes`."""

    default_status = 413
    default_type = "invalid_request_error"
    default_code = "body_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request body is larger than {limit} bytes. Send a smaller body, "
            "or have limits.body_bytes raised in gateway.toml."
        )


class HeadersTooLarge(GatewayError):
    """The request's headers, or its trailers, are larger or more than any client needs."""

    default_status = 431
    default_type = "invalid_request_error"
    default_code = "headers_too_large"

    def __init__(self, limit: int, fields: int) -> None:
        super().__init__(
            f"The request's headers are larger than {limit} bytes, or more than {fields}. Send fewer or shorter ones."
        )


class TooManyConnections(GatewayError):
    """The client's address has as many connections as one may have."""

    default_status = 429
    default_type = "rate_limit_error"
    default_code = "too_many_connections"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Your address already has {limit} connections to this gateway. Use those again, or close some, "
            "or have server.connections_per_address raised in gateway.toml.",
            headers={"retry-after": str(RETRY_AFTER_S)},
        )


class UnsupportedTransferCoding(GatewayError):
    """The body comes in a coding that the gateway does not read."""

    default_status = 501
    default_type = "invalid_request_error"
    default_code = "unsupported_transfer_encoding"

    def __init__(self) -> None:
        super().__init__(
            "Unsupported transfer encoding. Send Content-Length, or Transfer-Encoding: chunked alone.",
            headers={"x-should-retry": "false"},
        )


class HttpVersionNotSupported(GatewayError):
    """The request is of another version of HTTP."""

    default_status = 505
    default_type = "invalid_request_error"
    default_code = "http_version_not_supported"

    def __init__(self) -> None:
        super().__init__(
            "Unsupported version of HTTP. Send the request as HTTP/1.1.", headers={"x-should-retry": "false"}
        )
