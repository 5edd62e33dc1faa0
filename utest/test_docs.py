"""What README.md and docs/ say of the tree, of the import contracts and of the race is so."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = "docs|gateway|keywords|ops|resources|results/baselines|suites|utest|variables"
PATH = re.compile(rf"(?<![\w./-])(?:(?:{FOLDERS})/[\w./*-]*|[\w.-]+(?:/[\w.-]+)*/[\w.-]+\.py\b)")
MODULE = re.compile(r"(?<![\w./-])(?:keywords\.[a-z_]+|gateway\.[a-z_]+\.[a-z_]+)(?:\.[a-z_]+)*\b")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
CONTRACTS = {
    contract["containers"][0]: contract["layers"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers"
}
# A line of the picture: two characters that say whether the part begins a layer, its name, and what it is.
PART = re.compile(r"(  |\| )([a-z_]+)(?: {2,}\S.*)?")


def exists(path):
    path = path.rstrip(".")
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists()


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def missing_in(text):
    """The paths and modules that a text names and that are not there."""
    paths = [path for path in PATH.findall(text) if not exists(path)]
    return paths + [module for module in MODULE.findall(text) if not is_module(module)]


def contracted(container):
    """The layers of a contract, those of its optional parts left out that are not there yet."""
    layers = [[part.strip() for part in layer.split("|")] for layer in CONTRACTS[container]]
    parts = [
        [part.strip("()") for part in layer if part[0] != "(" or is_module(f"{container}.{part.strip('()')}")]
        for layer in layers
    ]
    return [layer for layer in parts if layer]


def pictured(text):
    """By container, the layers of the pictures in a text."""
    pictures, layers = {}, None
    for line in text.splitlines():
        if line in CONTRACTS:
            layers = pictures[line] = []
        elif layers is not None and (part := PART.fullmatch(line)):
            if part[1] == "  ":
                layers.append([])
            layers[-1].append(part[2])
        else:
            layers = None
    return pictures


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text = page.read_text("utf-8")
    assert not missing_in(text)
    assert not [link for link in LINK.findall(text) if not (page.parent / link).exists()]


@pytest.mark.parametrize(
    "text",
    ["`gateway/dialect.py`", "see keywords/scopes/ there", "`keywords.scopes`", "a/b/c.py", "`suites/none/*.robot`"],
)
def test_what_is_not_there_is_found(text):
    assert missing_in(text)


def test_the_picture_of_the_layers_is_that_of_the_contracts():
    pictures = pictured((ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8"))
    assert {"gateway", "keywords", "gateway.backends"} <= set(pictures)
    assert pictures == {container: contracted(container) for container in pictures}


def test_the_readme_has_the_same_layers():
    # A long line goes on in the next one.
    text = re.sub(r"\n +> ", " > ", (ROOT / "README.md").read_text("utf-8"))
    lines = dict(re.findall(r"^ *(keywords|gateway)/ +(\w+ > .*)$", text, re.MULTILINE))
    assert lines["keywords"] == " > ".join(" | ".join(layer) for layer in contracted("keywords"))
    gateway = " > ".join(" | ".join(layer) for layer in contracted("gateway") if layer != ["__main__"])
    assert lines["gateway"].endswith(" > …")
    assert gateway.startswith(lines["gateway"].removesuffix("…"))


def test_the_test_plan_names_the_targets_that_the_kept_race_misses():
    race = (ROOT / "results" / "baselines" / "race.md").read_text("utf-8")
    plan = (ROOT / "docs" / "TEST_PLAN.md").read_text("utf-8")
    verdicts = re.findall(r"^\| (.+?) \|.*\| (yes|no|unclear) \|$", race, re.MULTILINE)
    listed = re.findall(r"^\| (.+?) \| (missed|unclear)\b.*\|$", plan, re.MULTILINE)
    assert dict(listed) == {
        target: {"no": "missed", "unclear": "unclear"}[met] for target, met in verdicts if met != "yes"
    }
