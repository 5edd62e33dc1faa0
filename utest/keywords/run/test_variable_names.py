"""Names of variables that are one slip away from a known one."""

import pytest

from keywords.run.variable_names import known_names, misspelt

KNOWN = ("GATEWAY_URL", "MODEL", "READY_WITHIN")


@pytest.mark.parametrize(
    "name", ["GATEWAY_ULR", "GATEWAY_UR", "GATEWAY_URLL", "GATEWAY_URI", "gateway ulr", "GETEWAY_URL", "ATEWAY_URL"]
)
def test_one_slip_is_found(name):
    assert list(misspelt([name], KNOWN)) == [(name, "GATEWAY_URL")]


@pytest.mark.parametrize("name", ["GATEWAY_URL", "gateway url", "GatewayURL", "GATEWAY", "HOST", "", "MY_MODEL", "X"])
def test_a_known_name_and_one_of_the_users_own_are_allowed(name):
    assert list(misspelt([name], KNOWN)) == []


def test_the_defaults_are_known_names(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "defaults.yaml").write_text("READY_WITHIN: 3 s\n")
    assert "READY_WITHIN" in known_names(tmp_path / "suites" / "api")
    assert "MODEL" in known_names(tmp_path / "suites")
    assert "MODEL" in known_names(None)
