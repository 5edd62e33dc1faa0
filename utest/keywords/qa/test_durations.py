"""`qa run --durations`: its option, and what it reads in an output.xml."""

import pytest

from keywords.qa.durations import DEFAULT_COUNT, DurationsError, duration_lines, read_durations, take_count

OUTPUT = """<robot generator="Robot 7.4" generated="2026-01-01T00:00:00"><suite name="All" source="/suites">
<kw name="Open" type="SETUP"><kw name="Start" type="SETUP"><status status="PASS" elapsed="1.0"/></kw>
<status status="PASS" elapsed="2.5"/></kw>
<suite name="Chat" source="/suites/chat.robot">
<test id="s1-s1-t1" name="It answers">
<kw name="Prepare" type="SETUP"><status status="PASS" elapsed="0.4"/></kw>
<kw name="Ask"><status status="PASS" elapsed="0.6"/></kw>
<status status="PASS" elapsed="1.0"/></test>
<test id="s1-s1-t2" name="It is quick"><kw name="Ask"><status status="PASS" elapsed="0.01"/></kw>
<status status="FAIL" elapsed="0.01">slow</status></test>
<kw name="Close" type="TEARDOWN"><status status="PASS" elapsed="0.3"/></kw>
<status status="FAIL" elapsed="1.4"/></suite>
<status status="FAIL" elapsed="4"/></suite></robot>"""


@pytest.fixture
def output(tmp_path):
    path = tmp_path / "output.xml"
    path.write_text(OUTPUT, encoding="utf-8")
    return path


def test_rows_setups_and_teardowns_are_read_the_longest_first(output):
    assert [(one.part, one.name, one.elapsed_s, one.within_row) for one in read_durations(output)] == [
        ("setup", "All", 2.5, False),
        ("row", "All.Chat.It answers", 1.0, False),
        ("setup", "All.Chat.It answers", 0.4, True),
        ("teardown", "All.Chat", 0.3, False),
        ("row", "All.Chat.It is quick", 0.01, False),
    ]


def test_so_many_are_shown_and_all_are_added_up(output):
    assert duration_lines(read_durations(output), 3) == [
        "The 3 longest of all rows, setups and teardowns:",
        "    2.50 s  setup     All",
        "    1.00 s  row       All.Chat.It answers",
        "    0.40 s  setup     All.Chat.It answers (part of the row)",
        "    1.01 s  all rows together; 2.80 s all setups and teardowns of suites",
    ]


def test_fewer_than_asked_for_are_all_shown(output):
    assert duration_lines(read_durations(output), 20)[0] == "The 5 longest of all rows, setups and teardowns:"


@pytest.mark.parametrize("text", ["<robot><suite name='A'><test name='B'>", "<html></html>", None])
def test_an_unusable_output_is_refused_with_the_reason(tmp_path, text):
    path = tmp_path / "output.xml"
    if text:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DurationsError, match=r"the durations cannot be shown: .*output\.xml"):
        read_durations(path)


@pytest.mark.parametrize(
    ("arguments", "count", "rest"),
    [
        (["--include", "smoke"], None, ["--include", "smoke"]),
        (["--durations"], DEFAULT_COUNT, []),
        (["--durations", "5"], 5, []),
        (["--durations=5", "suites"], 5, ["suites"]),
        (["--durations", "suites"], DEFAULT_COUNT, ["suites"]),
        (["-i", "smoke", "--durations", "--suite", "chat"], DEFAULT_COUNT, ["-i", "smoke", "--suite", "chat"]),
    ],
)
def test_the_option_is_taken_and_all_others_are_left_to_robot(arguments, count, rest):
    assert take_count(arguments) == (count, rest)


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_what_is_no_count_is_refused_with_an_example(value):
    with pytest.raises(DurationsError, match=r"--durations takes a whole number from 1 on, .*--durations=20"):
        take_count([f"--durations={value}"])
