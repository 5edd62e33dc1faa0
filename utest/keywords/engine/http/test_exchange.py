import pytest

from keywords.engine.anthropic.conformance import error_body_defects
from keywords.engine.http.exchange import parse_json
from keywords.engine.openai.tool_calls import CalledTool

DEEP = "[" * 100_000


@pytest.mark.parametrize("data", [DEEP, DEEP.encode(), "NaN", b"\xff", ""])
def test_what_is_no_json_that_can_be_read_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011  # each reason has a message of its own
        parse_json(data)


def test_json_that_is_nested_too_deeply_is_a_defect():
    assert error_body_defects(400, DEEP.encode())[0].startswith("the body is not JSON")
    assert str(CalledTool(name="f", arguments=DEEP)).startswith("f (no JSON: ")
