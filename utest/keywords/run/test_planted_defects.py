"""A self-test with planted defects passes only where rows fail for the right reason."""

from unittest.mock import MagicMock

import pytest

from keywords.run.planted_defects import PlantedDefectsLibrary
from keywords.traceability.results import Result
from keywords.traceability.rows import Row


def child(*results):
    """A run of rows of one requirement each: requirement, status and message."""
    run = MagicMock()
    run.results.return_value = tuple(
        Result(Row(f"Row {number}", "Suite", (f"req:{requirement}",)), status, message)
        for number, (requirement, status, message) in enumerate(results)
    )
    return run


@pytest.fixture
def library():
    return PlantedDefectsLibrary()


WRONG_STATUS = ("KEYS-001", "FAIL", "The status should be 401, got 200")


def test_one_row_that_says_what_is_wrong_is_enough(library):
    run = child(("KEYS-001", "PASS", ""), WRONG_STATUS)
    library.requirements_should_have_failed(run, "should be 401", "KEYS-001")


def test_a_run_that_the_defect_stopped_has_found_it(library):
    stopped = child(("HLTH-002", "NOT RUN", "Parent suite setup failed:\nGatewayProcessError: instance 'x'"))
    library.requirements_should_have_failed(stopped, "instance 'x'", "HLTH-002")


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([("KEYS-001", "PASS", "")], "No row fails saying '401'"),
        ([], "none was run"),
        ([("CHAT-001", *WRONG_STATUS[1:])], "none was run"),
        ([("KEYS-001", "FAIL", "12 != 13")], "No row fails saying '401'"),
        ([WRONG_STATUS, ("KEYS-001", "FAIL", "IndexError: 401")], "Rows break where they should judge"),
        ([WRONG_STATUS, ("KEYS-001", "FAIL", "openai.APIError: 401")], "Rows break where they should judge"),
        ([WRONG_STATUS, ("KEYS-001", "NOT RUN", "Parent suite setup failed:\nKeyError: 'x'")], "Rows break where"),
        ([WRONG_STATUS, ("HLTH-001", "SKIP", "accepts every key")], "Rows are skipped .*accepts every key"),
    ],
)
def test_any_other_end_is_a_failure(library, results, told):
    with pytest.raises(AssertionError, match=told):
        library.requirements_should_have_failed(child(*results), "401", "KEYS-001")


@pytest.mark.parametrize(
    "message",
    [
        "GatewayRefused: 401: no key",
        "NotAnAnswer: 401 without JSON",
        "keywords.engine.openai.client.GatewayRefused: 401",
        "httpx2.ReadTimeout: 401",
        "IndexError",
        "subprocess.TimeoutExpired: Command '401' timed out",
        "Setup failed:\nIndexError: 401",
        "Several failures occurred:\n\n1) KeyError: '401'\n\n2) The status should be 401, got 200",
        "The status should be 401, got 200\n\nAlso teardown failed:\nOSError: gone",
        "Setup failed:\nSeveral failures occurred:\n\n1) '200' should be '401'\n\n2) Variable '${401}' not found.",
        "Test timeout 3 minutes exceeded.",
        "Keyword timeout 401 milliseconds exceeded.",
        "Variable '${401}' not found.",
        "Resolving variable '${entry.401}' failed: AttributeError: no attribute",
        "No keyword with name 'Get 401' found.",
        "Keyword 'Ask' expected 1 argument, got 401.",
    ],
)
def test_a_breakage_in_any_part_of_a_message_is_no_verdict(library, message):
    run = child(WRONG_STATUS, ("KEYS-001", "FAIL", message))
    with pytest.raises(AssertionError, match="Rows break where they should judge"):
        library.requirements_should_have_failed(run, "401", "KEYS-001")


@pytest.mark.parametrize(
    "message",
    [
        "'service' of /health: another != 401",
        "Requests: 3 != 401",
        "The error's type 'AuthenticationError' should be '401'",
        'gateway-1.log contains \'<secret>\' in 2 lines, first:\n{"error": "GatewayRefused: 401"}',
        "Several failures occurred:\n\n1) '200' should be '401'\n\n2) Length of 'x' should be 1",
    ],
)
def test_a_verdict_is_no_breakage(library, message):
    library.requirements_should_have_failed(child(("KEYS-001", "FAIL", message)), "401", "KEYS-001")


def test_each_requirement_has_to_fail(library):
    with pytest.raises(AssertionError, match="none was run"):
        library.requirements_should_have_failed(child(WRONG_STATUS), "401", "KEYS-001", "MSGS-006")


def test_the_control_passes_as_a_whole(library):
    library.every_row_should_have_passed(child(("KEYS-001", "PASS", "")))
    with pytest.raises(AssertionError, match=r"1 of 2 rows did not pass: Row 1 \(SKIP\): why"):
        library.every_row_should_have_passed(child(("KEYS-001", "PASS", ""), ("KEYS-001", "SKIP", "why")))
    with pytest.raises(AssertionError, match="No row was run"):
        library.every_row_should_have_passed(child())
