"""From tables of the configuration to backends, by the kind that each table names."""

from typing import Literal

import pytest

from gateway.backends.kinds import GatewayConfig, create_backends
from gateway.backends.openai.nim import NimConfig
from gateway.config.backends import RemoteConfig
from gateway.config.load import Config, load
from gateway.config.problems import ConfigError

ROUTE = {"m": {"route": [{"backend": "up"}]}}


class OwnConfig(RemoteConfig):
    kind: Literal["own"] = "own"


def test_the_configuration_reads_the_kinds_that_it_is_told_of(tmp_path):
    path = tmp_path / "gateway.toml"
    own = Config.with_kinds({"own": OwnConfig, "nim": NimConfig})
    path.write_text(
        '[backends.up]\nkind = "own"\nbase_url = "http://a/v1/"\n[models.m]\nroute = [{ backend = "up" }]\n'
    )
    assert load(path, own).backends == {"up": OwnConfig(base_url="http://a/v1")}
    path.write_text(path.read_text().replace('kind = "own"', ""))
    with pytest.raises(ConfigError, match=r'backends\.up\.kind: is missing; add kind = "own" or "nim"'):
        load(path, own)


def test_a_backend_that_outlives_a_reload_is_left_as_it_is():
    config = GatewayConfig(backends={"up": {"kind": "nim", "base_url": "http://a"}}, models=ROUTE)
    running = create_backends(config)
    # An embedded model's are those of its weights too, which only its start reads.
    tokens = running["up"].control_tokens
    assert create_backends(config, running, config)["up"] is running["up"]
    assert running["up"].control_tokens is tokens
    slower = config.model_copy(update={"timeouts": config.timeouts.model_copy(update={"connect_s": 1.0})})
    assert create_backends(slower, running, config)["up"] is not running["up"]
