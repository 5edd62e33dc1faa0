import json
import re
import stat
import sys
from importlib import resources

import pytest

from keywords.engine.processes.node import Node
from keywords.traceability.allure.install import AllureIntegrityError, AllureUnavailableError, install_allure

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")


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


def test_the_generator_is_installed_once_and_as_the_lock_file_names_it(tmp_path, cache):
    log = tmp_path / "log"
    make = "mkdir -p node_modules/allure; touch node_modules/allure/cli.js"
    script = f'echo "$@" >> {log}; cp package-lock.json {tmp_path}; {make}'
    npm = Node("node", (write_program(tmp_path / "bin", "npm", script),))
    cli = install_allure(npm)
    assert cli.is_file()
    assert cli == install_allure(npm)
    assert cache in cli.parents
    (said,) = log.read_text().splitlines()
    assert said.startswith("ci --ignore-scripts ")
    assert (tmp_path / "package-lock.json").read_bytes() == lock_file()


def test_an_installation_that_broke_off_leaves_nothing_behind(tmp_path, cache):
    script = (
        "mkdir -p node_modules/allure; touch node_modules/allure/cli.js; echo 'npm error code EAI_AGAIN' >&2; exit 1"
    )
    npm = Node("node", (write_program(tmp_path / "bin", "npm", script),))
    with pytest.raises(AllureUnavailableError, match=r"npm registry is needed once.*EAI_AGAIN"):
        install_allure(npm)
    assert list((cache / "llm-gateway-qa" / "node").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(AllureUnavailableError, match=r"file/llm-gateway-qa/node cannot be made .*XDG_CACHE_HOME"):
        install_allure(Node("node", ("npm",)))


@pytest.mark.usefixtures("cache")
def test_a_package_that_is_not_the_pinned_one_is_an_error_of_its_own(tmp_path):
    npm = Node("node", (write_program(tmp_path / "bin", "npm", "echo 'npm error code EINTEGRITY' >&2; exit 1"),))
    with pytest.raises(AllureIntegrityError, match="does not name"):
        install_allure(npm)


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
