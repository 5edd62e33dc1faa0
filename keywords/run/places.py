"""Paths of the suite's own files in this installation."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SUITES: Final = ROOT / "suites"
RESOURCES: Final = ROOT / "resources"
PAYLOADS: Final = RESOURCES / "payloads"
ATTACKS: Final = RESOURCES / "attacks"
DATASETS: Final = RESOURCES / "datasets"
