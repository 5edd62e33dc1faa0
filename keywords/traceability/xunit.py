"""Requirements of rows in JUnit's XML: Robot writes neither tags nor properties there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from keywords.traceability.rows import Row


def add_requirements(xunit: Path, rows: Iterable[Row]) -> None:
    """Add the requirements and kinds of each row to its test case, as properties.

    Args:
        xunit: the file that Robot wrote.
        rows: the rows of the run.

    Raises:
        OSError: the file cannot be read or written.
        xml.etree.ElementTree.ParseError: it is not XML.
    """
    of_row = {(row.suite, row.name): row for row in rows}
    tree = ET.parse(xunit)  # noqa: S314  # Robot wrote it
    for case in tree.iter("testcase"):
        row = of_row.get((case.get("classname", ""), case.get("name", "")))
        if row is None:
            continue
        properties = ET.Element("properties")
        values = [("requirement", id_) for id_ in row.requirements] + [("kind", kind) for kind in row.kinds]
        for name, value in values:
            ET.SubElement(properties, "property", {"name": name, "value": value})
        case.insert(0, properties)
    tree.write(xunit, "utf-8", xml_declaration=True)
