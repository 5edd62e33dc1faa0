from xml.etree import ElementTree as ET

from keywords.traceability.rows import Row
from keywords.traceability.xunit import add_requirements

XML = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="S" tests="2" errors="0" failures="1" skipped="0" time="0.1">
<testcase classname="S.T" name="A &lt;row&gt;" time="0.1"><failure message="no" type="AssertionError"/></testcase>
<testcase classname="S.T" name="Another" time="0.1"/>
</testsuite>"""


def test_each_test_case_names_its_requirements(tmp_path):
    xunit = tmp_path / "xunit.xml"
    xunit.write_text(XML)
    add_requirements(xunit, [Row("A <row>", "S.T", ("req:B-001", "req:A-001", "kind:negative", "smoke"))])
    first, second = ET.parse(xunit).getroot()
    assert [child.tag for child in first] == ["properties", "failure"]
    found = [(one.get("name"), one.get("value")) for one in first.find("properties")]
    assert found == [("requirement", "A-001"), ("requirement", "B-001"), ("kind", "negative")]
    assert list(second) == []
