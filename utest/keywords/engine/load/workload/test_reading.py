"""A workload file is read with the files that it names, hashed by content, and refused by line, field and remedy."""

import json
import pickle
from itertools import pairwise

import pytest

from keywords.engine.load.errors import WorkloadError
from keywords.engine.load.workload import prompt_files
from keywords.engine.load.workload.reading import read_workload, varied

CHAT = """\
# What people ask.
name: chat
about: Short questions.
mix:
  - name: question
    share: 3
    prompts: {texts: [Why so, How so]}
    max_tokens: 32
  - name: long
    prompts:
      tokens: {distribution: lognormal, median: 200, p95: 900, min: 50, max: 2000}
    think: 500 ms
service_levels: [ttft_p95 < 500 ms]
"""


@pytest.fixture
def read(tmp_path):
    def read(text, **files):
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content, encoding="utf-8")
        path = tmp_path / "w.yaml"
        path.write_text(text, encoding="utf-8")
        return read_workload(path)

    return read


@pytest.fixture
def problems(read):
    def problems(text, **files):
        with pytest.raises(WorkloadError) as error:
            read(text, **files)
        return [problem.rpartition("w.yaml:")[2] for problem in error.value.problems]

    return problems


def entry(line, rest=""):
    return f"name: w\nmix:\n  - name: e\n    {line}\n{rest}"


def test_the_hash_is_that_of_the_content(read):
    known = read(CHAT).sha256
    assert len(known) == 64
    reordered = (
        "service_levels: ['ttft_first_content_p95 < 0.5 s']\nmix:\n"
        "  - {max_tokens: 32, share: 3, name: question, prompts: {texts: [Why so, 'How so']}}\n"
        "  - {name: long, think: 0.5s, prompts: {tokens: "
        "{max: 2000, min: 50, p95: 900, median: 200, distribution: lognormal}}}\n"
        "name: another-name\n"
    )
    assert read(reordered).sha256 == known


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("share: 3", "share: 2"),
        ("How so", "How much"),
        ("max_tokens: 32", "max_tokens: 33"),
        ("p95: 900", "p95: 901"),
        ("500 ms\ns", "501 ms\ns"),
        ("[ttft_p95 < 500 ms]", "[ttft_p95 < 501 ms]"),
        ("about:", "unique_prefix: true\nabout:"),
        ("name: long", "name: longer"),
    ],
)
def test_what_changes_the_content_changes_the_hash(read, old, new):
    assert old in CHAT
    assert read(CHAT.replace(old, new)).sha256 != read(CHAT).sha256


def test_files_enter_the_hash_by_their_content(read):
    in_text = read("name: w\nmix: [{name: a, prompts: {texts: [Why so, [How so, 'And now']]}}]")
    lines = '{"prompt": "Why so"}\n\n{"turns": ["How so", "And now"]}\n'
    in_file = read("name: w\nmix: [{name: a, prompts: {file: p.jsonl}}]", p__jsonl=lines)
    moved = read("name: w\nmix: [{name: a, prompts: {file: q.jsonl}}]", q__jsonl=lines)
    other = read("name: w\nmix: [{name: a, prompts: {file: p.jsonl}}]", p__jsonl=lines.replace("How", "Who"))
    assert in_file.conversations == {"a": (("Why so",), ("How so", "And now"))}
    assert in_text.sha256 == in_file.sha256 == moved.sha256 != other.sha256


def test_the_first_requests_of_a_trace_enter_the_hash(read):
    trace = '{"timestamp": 0, "input_length": 9, "output_length": 1}\n' * 3
    whole = read("name: w\ntrace: {file: t.jsonl}", t__jsonl=trace)
    assert len(whole.trace.requests) == 3
    assert read("name: w\ntrace: {file: u.jsonl}", u__jsonl=trace).sha256 == whole.sha256
    assert read("name: w\ntrace: {file: t.jsonl, most: 2}", t__jsonl=trace).sha256 != whole.sha256
    assert read("name: w\ntrace: {file: t.jsonl}", t__jsonl=trace.replace("9", "8")).sha256 != whole.sha256


def test_a_workload_goes_to_client_processes(read):
    workload = read(CHAT)
    assert pickle.loads(pickle.dumps(workload)) == workload


def test_a_varied_workload_has_another_hash(read):
    workload = read(CHAT)
    same = varied(workload, workload.spec)
    assert same == workload
    assert varied(workload, workload.spec.model_copy(update={"unique_prefix": True})).sha256 != workload.sha256


def test_prompts_of_one_line_each(read):
    workload = read(entry("prompts: {file: p.txt}"), p__txt="Why so\n\n  How so\n")
    assert workload.conversations == {"e": (("Why so",), ("How so",))}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("prompts: {texts: [a]}\n    share: 0", "5: mix[0].share is 0; it should be greater than 0"),
        ("prompts: {texts: [a]}\n    shore: 1", "5: mix[0].shore is no field of a workload; did you mean share?"),
        ("share: 1", "3: mix[0].prompts is missing; add it"),
        ("prompts: {}", "4: mix[0].prompts: write exactly one of texts, file and tokens"),
        ("prompts: {texts: [a], tokens: 3}", "4: mix[0].prompts: write exactly one of texts, file and tokens"),
        ("prompts: {texts: []}", "4: mix[0].prompts.texts is []; it should have at least 1 item"),
        ("prompts: {texts: [a, 3]}", "4: mix[0].prompts.texts[1] is 3; it should be a text"),
        ("prompts: {texts: [[a, '']]}", "4: mix[0].prompts.texts[0][1] is ''; it should have at least 1 character"),
        ("prompts: {tokens: many}", "4: mix[0].prompts.tokens is 'many'; it should be a whole number"),
        ("prompts: {tokens: 2.5}", "4: mix[0].prompts.tokens is 2.5; it should be a whole number"),
        (
            "prompts: {tokens: {min: 1, max: 2}}",
            (
                "4: mix[0].prompts.tokens: it names no distribution; "
                "write a number, or distribution: uniform, normal, lognormal or choice"
            ),
        ),
        (
            "prompts: {tokens: {distribution: uniform, min: 5, mox: 2}}",
            "4: mix[0].prompts.tokens.max is missing; add it",
        ),
        (
            "prompts: {tokens: {distribution: uniform, min: 5, max: 9, mox: 2}}",
            "4: mix[0].prompts.tokens.mox is no field of a workload; did you mean max?",
        ),
        (
            "prompts: {tokens: {distribution: uniform, min: 5, max: 2}}",
            "4: mix[0].prompts.tokens: min is 5 and max 2; give a max that is not below the min",
        ),
        (
            "prompts: {tokens: {distribution: lognormal, min: 5, max: 9, median: 7, p95: 7}}",
            "4: mix[0].prompts.tokens: p95 is 7 and median 7; give a p95 above the median",
        ),
        (
            "prompts: {tokens: {distribution: choice, values: [5, 9], weights: [1]}}",
            "4: mix[0].prompts.tokens: it has 2 values and 1 weights; give one for each",
        ),
        (
            "prompts: {texts: [a]}\n    think: 30",
            (
                "5: mix[0].think: the duration is 30, without a unit; "
                "write a number with its unit, such as 500ms, 30s, 5min or 1h"
            ),
        ),
        (
            "prompts: {texts: [a]}\n    fields:\n      model: m",
            "3: mix[0]: it has model; give the model when the load run starts",
        ),
        (
            "prompts: {texts: [a]}\n    turns: 3",
            "3: mix[0]: turns go with prompts of tokens; a conversation of texts has as many turns as messages",
        ),
        (
            "prompts: {tokens: 9}\n    shared_prefix: {tokens: 9, share: 2}",
            "5: mix[0].shared_prefix.share is 2; it should be less than or equal to 1",
        ),
    ],
)
def test_a_wrong_entry(problems, line, problem):
    assert problem in problems(entry(line))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: w", "1: the workload: write either mix, a list of entries, or trace"),
        ("name: w\nmix: [{name: a, prompts: {texts: [a]}}]\ntrace: {file: t}", "1: the workload: write either mix"),
        ("mix: [{name: a, prompts: {texts: [a]}}]", "1: name is missing; add it"),
        ("name: w\nmix: 3", "2: mix is 3; it should be a list"),
        ("name: w\nmix: []", "2: mix is []; it should have at least 1 item"),
        (
            "name: w\nmix: [{name: a, prompts: {texts: [a]}}, {name: a, prompts: {texts: [b]}}]",
            "1: the workload: two entries of mix are called a; give each a name of its own",
        ),
        (
            entry("prompts: {texts: [a]}", "service_levels: [error_rate < 1 %, ttft < 5]"),
            "5: service_levels[1]: 'ttft < 5': the limit is '5', without a unit;",
        ),
        (
            entry("prompts: {texts: [a]}\n    shared_prefix: {tokens: 9}", "unique_prefix: true"),
            "1: the workload: unique_prefix leaves entry e nothing to share; remove it or the shared_prefix",
        ),
        (entry("prompts: {texts: [a]}", "stream: 1"), "5: stream is 1; it should be true or false"),
        ("", "1: the file is empty"),
        ("- a", "1: this is no workload; write fields such as name and mix"),
        ("name: w\nname: v", "2: field name is written twice; remove one"),
        ("name: w\n{", "2: this is not YAML: "),
        ("name: w\n[a]: b", "2: a field's name is no text; write a name before the colon"),
        ("name: 2026-13-45", "1: month must be in 1..12; write the value in quotes if it is a text"),
        ("a: &a\n  b: *a", "1: "),
        ("x: " + "[" * 5000, "1: it is nested too deeply"),
    ],
)
def test_a_wrong_workload(problems, text, problem):
    assert any(found.startswith(problem) for found in problems(text)), problems(text)


def test_all_problems_are_named_at_once(problems):
    found = problems(
        "name: w\nmix:\n  - {name: a, share: 0, prompts: {texts: [a]}}\n  - {name: b, prompts: {tokens: 0}}"
    )
    assert found == [
        "3: mix[0].share is 0; it should be greater than 0",
        "4: mix[1].prompts.tokens is 0; it should be greater than or equal to 1",
    ]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("p.jsonl", "{'a'}", "p.jsonl:1: this is no JSON; write"),
        ("p.jsonl", '\n{"text": "a"}', "p.jsonl:2: this is neither a prompt nor turns; write"),
        ("p.jsonl", '{"prompt": " "}', "p.jsonl:1: a message is empty or no text; write"),
        ("p.jsonl", '{"turns": []}', "p.jsonl:1: a message is empty or no text; write"),
        ("p.jsonl", "\n", "p.jsonl: there is no prompt; write one on each line"),
        ("p.csv", "a", "p.csv: the file is neither .txt nor .jsonl; name it by its format"),
        ("q.txt", "a", "p.txt: the prompts cannot be read: No such file or directory; correct the path"),
    ],
)
def test_a_wrong_file_of_prompts(read, tmp_path, name, content, problem):
    (tmp_path / name).write_text(content)
    asked = name.replace("q.", "p.")
    with pytest.raises(WorkloadError) as error:
        read(entry(f"prompts: {{file: {asked}}}"))
    assert problem in str(error.value)


def test_a_wrong_trace(read):
    with pytest.raises(WorkloadError, match=r"t\.jsonl:1: timestamp is 'now'; write milliseconds"):
        read("name: w\ntrace: {file: t.jsonl}", t__jsonl=json.dumps({"timestamp": "now"}))


def test_a_missing_workload_and_a_binary_one(tmp_path):
    with pytest.raises(WorkloadError, match="No such file or directory; give the path of the file"):
        read_workload(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(WorkloadError, match="the workload is no text in UTF-8; save the file as UTF-8"):
        read_workload(tmp_path / "b.yaml")


def test_a_file_that_is_too_long_or_has_no_name_is_refused(read, tmp_path, monkeypatch):
    (tmp_path / "long.yaml").write_text("name: a\n" + "# more\n" * 400_000)
    with pytest.raises(WorkloadError, match="the workload cannot be read: it is longer than 2 MB"):
        read_workload(tmp_path / "long.yaml")
    monkeypatch.setattr(prompt_files, "DATA_BYTES", 2**20)
    (tmp_path / "p.txt").write_text("word " * 2**20)
    (tmp_path / "deep.jsonl").write_text("[" * 100_000)
    for name, problem in (
        ("p.txt", "it is longer than 1 MB"),
        (r"a\0.txt", "embedded null byte"),
        ("deep.jsonl", "this is no JSON"),
    ):
        with pytest.raises(WorkloadError, match=problem):
            read(f'name: a\nmix: [{{name: b, prompts: {{file: "{name}"}}}}]\n')


def test_aliases_that_stand_for_billions_of_values_are_refused(read):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n" for before, after in pairwise("abcdefghij")
    )
    with pytest.raises(WorkloadError, match="its aliases stand for more than 1000000 values"):
        read(bomb)
    with pytest.raises(WorkloadError, match=r"w\.yaml:1: this is not YAML: unacceptable character #x0000"):
        read("name: a\0\n")
    with pytest.raises(WorkloadError, match="its aliases stand for more than"):
        read("name: a\nmix: &a [*a]\n")
