import pytest

from keywords.traceability.results import OutputError, read_output


def test_rows_are_read_as_they_ended(finished):
    run = read_output(finished.results / "output.xml")
    found = [(result.row.name, result.status, result.message) for result in run.results]
    assert found == [
        ("A question is answered", "PASS", ""),
        ("A refusal names the field", "FAIL", "<secret> was refused"),
        ("A stream ends", "SKIP", "This machine has no GPU"),
    ]
    assert run.results[1].row.suite == "Suites.Api.Chat"
    assert run.results[1].row.tags == ("kind:functional", "kind:negative", "req:CHAT-001")
    assert run.results[1].log_id == "s1-s1-s1-t2"
    assert 0 < run.results[0].elapsed_s < run.elapsed_s


def test_evidence_lies_where_the_result_says(finished):
    run = read_output(finished.results / "output.xml")
    for result in run.results:
        assert (finished.results / result.evidence).is_file()


def test_the_root_suite_says_what_was_tested(finished):
    assert read_output(finished.results / "output.xml").metadata == {"Model": "m"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<robot><suite name='A'><test name='B'>", "is broken off or is not XML"),
        ("not XML", "is broken off or is not XML"),
        ("<html></html>", "is not an output.xml of Robot Framework"),
        ("<robot></robot>", "holds no suite"),
        ("<robot><suite name='A'><status status='PASS' elapsed='x'/></suite></robot>", "is not as Robot writes it"),
        ("<robot><suite name='A'><status status='PASS' starttime='1'/></suite></robot>", "older than 7"),
    ],
)
def test_an_unusable_file_is_refused_with_the_reason(tmp_path, text, problem):
    path = tmp_path / "output.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OutputError, match=problem):
        read_output(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"output\.xml: cannot be read: .*; run the suites first or name another"):
        read_output(tmp_path / "output.xml")
