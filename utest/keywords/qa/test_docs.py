"""Every keyword is documented and typed, and has an example that Robot can run."""

import re

import pytest
from robot import api
from robot.libdoc import LibraryDocumentation

from keywords.qa import docs
from keywords.qa.docs import libraries, resources, write_documentation

EXAMPLE = re.compile(r"```robotframework\n(.*?)```", re.DOTALL)
LIBRARIES = libraries()
DOCUMENTED = {name: LibraryDocumentation(name) for name in LIBRARIES}
KEYWORDS = [(name, keyword.name) for name in LIBRARIES for keyword in DOCUMENTED[name].keywords]


def keyword_of(library, name):
    return next(keyword for keyword in DOCUMENTED[library].keywords if keyword.name == name)


def test_there_are_libraries():
    assert {"keywords.client.chat.ChatLibrary", "keywords.client.streaming.StreamingLibrary"} <= set(LIBRARIES)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_says_what_it_is_for(library):
    assert DOCUMENTED[library].doc.strip()
    assert DOCUMENTED[library].doc_format == "MARKDOWN"
    assert DOCUMENTED[library].keywords


@pytest.mark.parametrize(("library", "name"), KEYWORDS)
def test_a_keyword_is_documented_typed_and_shown(library, name):
    keyword = keyword_of(library, name)
    assert keyword.short_doc, "it needs a docstring"
    documents = [DOCUMENTED[library].doc, *(other.doc for other in DOCUMENTED[library].keywords)]
    shown = "".join(example for document in documents for example in EXAMPLE.findall(document))
    assert re.search(rf"\b{name}\b", shown, re.IGNORECASE), "no ```robotframework example of its library shows it"
    untyped = [argument.name for argument in keyword.args if argument.type is None]
    assert not untyped, "its arguments need types"


def test_the_examples_run_dry(tmp_path):
    blocks = {(library, name): EXAMPLE.findall(keyword_of(library, name).doc) for library, name in KEYWORDS}
    blocks |= {(library, "itself"): EXAMPLE.findall(DOCUMENTED[library].doc) for library in LIBRARIES}
    rows = [
        f"{library} {name} {number}\n{block.rstrip()}"
        for (library, name), found in blocks.items()
        for number, block in enumerate(found)
        if not block.startswith("***")  # an example of settings is no row
    ]
    body = "\n\n".join(re.sub(r"^(?=\S)(?!keywords\.)", "    ", row, flags=re.MULTILINE) for row in rows)
    imports = "".join(f"Library    {name}\n" for name in ["Collections", "RequestsLibrary", *LIBRARIES])
    # The listener is among the libraries, and refuses rows without these tags.
    imports += "Test Tags    req:CHAT-001    kind:functional\n"
    suite = api.TestSuite.from_string(f"*** Settings ***\n{imports}\n*** Test Cases ***\n{body}\n")
    result = suite.run(dryrun=True, output=None, console="none", outputdir=str(tmp_path))
    failed = {test.name: test.message for test in result.suite.all_tests if not test.passed}
    assert len(result.suite.tests) == len(rows)
    assert not failed


@pytest.mark.parametrize("resource", resources(), ids=lambda path: path.name)
def test_a_resource_and_its_keywords_are_documented(resource):
    documented = LibraryDocumentation(str(resource))
    assert documented.doc.strip()
    assert [keyword.name for keyword in documented.keywords if not keyword.short_doc] == []


def test_the_index_leads_to_every_page(tmp_path, monkeypatch):
    monkeypatch.setattr(docs, "libraries", lambda: ["keywords.run.evidence.EvidenceLibrary"])
    only = [path for path in resources() if path.name == "gateway.resource"]
    monkeypatch.setattr(docs, "resources", lambda: only)
    pages = write_documentation(tmp_path)
    assert [page.name for page in pages] == ["index.html", "run-evidence.html", "gateway-resource.html"]
    index = pages[0].read_text()
    for page in pages[1:]:
        assert page.is_file()
        assert f'href="{page.name}"' in index
    assert 'href="run-evidence.html#Save%20Evidence"' in index
