"""The wait that a backend asks for, in all forms of its headers."""

import pytest

from gateway.backends.http.retry_after import retry_after_s

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "2", "retry-after-ms": "1250"}, 1.25),
        ({"retry-after": "2", "retry-after-ms": "soon"}, 2),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
        ({"retry-after": "Tuesday, 14-Nov-23 22:13:30 GMT"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 0),
        ({"retry-after": "Wed, 15 Nov 2023 00:13:30 +0200"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 17:13:30 EST"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT", "date": "Tue, 14 Nov 2023 22:13:27 GMT"}, 3),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT", "date": "today"}, 10),
        ({"retry-after": "7", "date": "Tue, 14 Nov 2023 22:13:27 GMT"}, 7),
        ({"retry-after": "1000000000"}, 1e9),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Tue, 99 Nov 2023 22:13:30 GMT"}, None),
        ({"retry-after": "Tue, 14 Nov 9999999 22:13:30 GMT"}, None),
        ({"retry-after": "Jan -9999999999 00:00:00 9999 00:00:00 EST"}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, wait_s):
    assert retry_after_s(headers, lambda: NOW) == wait_s
