"""Traces of Mooncake's and Azure's formats are read as they are; a line that breaks the format is named."""

import pytest

from keywords.engine.load.errors import TraceError
from keywords.engine.load.plan import Stage
from keywords.engine.load.traces import TracedRequest, read_trace

MOONCAKE = """\
{"timestamp": 1000, "input_length": 1200, "output_length": 52, "hash_ids": [0, 1, 2]}
{"timestamp": 1000, "input_length": 700, "output_length": 26, "hash_ids": [0, 7]}

{"timestamp": 4500, "input_length": 30, "output_length": 8}
"""
AZURE = """\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:47.6805900,396,109
2023-11-16 18:16:46.1805900,879,0
"""


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "trace.txt"
        path.write_text(text, encoding="utf-8")
        return read_trace(path, **options)

    return read


def test_a_trace_of_mooncake(read):
    assert read(MOONCAKE).requests == (
        TracedRequest(0.0, 1200, 52, (0, 1, 2)),
        TracedRequest(0.0, 700, 26, (0, 7)),
        TracedRequest(3.5, 30, 8),
    )


@pytest.mark.parametrize("text", [AZURE, "\ufeff" + AZURE.replace("\n", "\r\n")])
def test_a_trace_of_azure(read, text):
    assert read(text).requests == (
        TracedRequest(0.0, 374, 44),
        TracedRequest(1.0, 396, 109),
        TracedRequest(59.5, 879, 0),
    )


def test_azures_other_form_of_time_stamps(read):
    text = (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2024-05-10 00:00:00.009930+00:00,2162,5\n2024-05-10 00:00:01+00:00,9,1\n"
    )
    assert read(text).requests[1].at_s == 0.99007


def test_a_trace_gives_arrivals(read):
    arrivals = read(MOONCAKE).arrivals()
    assert arrivals.at_s.tolist() == [0, 0, 3.5]
    assert arrivals.stage.tolist() == [0, 0, 0]
    assert arrivals.description == "trace trace.txt, 3 drawn"
    assert arrivals.stages == (Stage(duration_s=5.25, rate=3 / 5.25, items=3),)


def test_a_trace_is_replayed_faster_and_with_a_warmup(read):
    arrivals = read(MOONCAKE).arrivals(speed=2, warmup_s=1)
    assert arrivals.at_s.tolist() == [-1, -1, 0.75]
    assert arrivals.stage.tolist() == [-1, -1, 0]
    assert (arrivals.process, arrivals.warmup_s) == ("trace trace.txt, 2 times as fast", 1)
    with pytest.raises(TraceError, match="speed is 0; give more than 0"):
        read(MOONCAKE).arrivals(speed=0)
    with pytest.raises(TraceError, match="the warm-up of 9 s takes the whole trace; give less"):
        read(MOONCAKE).arrivals(warmup_s=9)


def test_the_first_requests_of_a_trace(read):
    assert len(read(MOONCAKE, most=2).requests) == 2
    assert read(MOONCAKE, most=2).sha256 == read(MOONCAKE).sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            ":1: the columns are missing; give a CSV file with TIMESTAMP, ContextTokens, GeneratedTokens, or JSON",
        ),
        ("a,b\n", ":1: the columns are a, b; give a CSV file with TIMESTAMP"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n", ": the trace has no request"),
        (AZURE + "yesterday,1,1\n", ":5: TIMESTAMP is 'yesterday'; write it like 2023-11-16 18:15:46.680590"),
        (AZURE + "2023-11-16 18:17:46+00:00,1,1\n", ":5: TIMESTAMP is"),
        (
            AZURE + "2023-11-16 18:17:46,many,1\n",
            ":5: ContextTokens is 'many'; write a whole number of tokens, 0 or more",
        ),
        (AZURE + "2023-11-16 18:17:46,1\n", ":5: it has 2 columns; write TIMESTAMP, ContextTokens, GeneratedTokens"),
        (AZURE + "2023-11-16 18:15:00,1,1\n", ": request 4 came before the one above it; sort the trace by time"),
        (MOONCAKE + "{'a'}\n", ":5: this is no JSON; write one object on each line"),
        (MOONCAKE + "[]\n", ":5: this is no object; write timestamp, input_length and output_length"),
        ('{"input_length": 1, "output_length": 1}\n', ":1: timestamp is None; write milliseconds from the start"),
        ('{"timestamp": NaN, "input_length": 1, "output_length": 1}\n', ":1: this is no JSON"),
        ('{"timestamp": 1%s, "input_length": 1, "output_length": 1}\n' % ("0" * 400), ":1: timestamp is 1000"),
        ('{"timestamp": 1e999, "input_length": 1, "output_length": 1}\n', ":1: timestamp is inf; write milliseconds"),
        ('{"timestamp": 0, "input_length": 10000001, "output_length": 1}\n', ":1: input_length is 10000001; write"),
        ('{"timestamp": ' + "[" * 100_000, ":1: this is no JSON"),
        (AZURE + "2023-11-16 18:17:46,%s,1\n" % ("9" * 5000), ":5: ContextTokens is '9999"),
        (AZURE + '"%s\n' % ("x" * 200_000), ":5: this is no CSV (field larger than field limit (131072))"),
        ('{"timestamp": 0, "input_length": -1, "output_length": 1}\n', ":1: input_length is -1; write a whole number"),
        ('{"timestamp": 0, "input_length": 1}\n', ":1: output_length is None; write a whole number of tokens"),
        (
            '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": 3}\n',
            ":1: hash_ids is no list of numbers",
        ),
    ],
)
def test_what_is_no_trace(read, text, message):
    with pytest.raises(TraceError) as error:
        read(text)
    assert f"trace.txt{message}" in str(error.value)


def test_a_missing_trace(tmp_path):
    with pytest.raises(
        TraceError, match="the trace cannot be read: No such file or directory; give the path of the file"
    ):
        read_trace(tmp_path / "none.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="this is no text in UTF-8; give a trace of Mooncake"):
        read_trace(tmp_path / "binary")
