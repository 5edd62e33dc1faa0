import pytest

from keywords.engine.load.errors import ArrivalsError, LoadInputError, PlanError
from keywords.qa.load.asked import Asked, levels_of, options_of, workload_of

WORKLOAD = """
name: short
mix:
  - name: chat
    prompts: {texts: [Hello.]}
service_levels: ["ttft_p95 < 1 s"]
"""


def options(**asked):
    chosen = Asked(**asked)
    return options_of(chosen, workload_of(chosen))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text(WORKLOAD, "utf-8")
    return path


def test_without_options_the_users_ramp_up():
    found = options()
    assert (found.users, found.rates, found.duration_s) == ((1, 10, 20), (), 30.0)


def test_users_and_durations_are_read():
    found = options(users="2,4", lasts="500ms", warmup="1s")
    assert (found.users, found.duration_s, found.warmup_s) == ((2, 4), 0.5, 1.0)


def test_a_rate_opens_the_loop_with_its_burstiness():
    found = options(rate="5,10/s", arrivals="gamma:0.5")
    assert (found.rates, found.users, found.process, found.burstiness) == ((5.0, 10.0), (), "gamma", 0.5)


def test_a_number_of_requests_ends_a_stage_instead_of_the_time():
    assert options(users="1", requests="7").duration_s is None
    assert options(users="1", requests="7", lasts="2s").duration_s == 2.0


def test_replayed_arrivals_bring_their_own_load():
    found = options(replays=True)
    assert (found.users, found.rates, found.duration_s) == ((), (), None)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"users": "1", "rate": "2"}, "contradict"),
        ({"users": "many"}, "--users"),
        ({"users": "0"}, "--users"),
        ({"rate": "0"}, "--rate"),
        ({"lasts": "30"}, "--for"),
        ({"lasts": "0s"}, "more than 0"),
        ({"timeout": "0s"}, "--timeout"),
        ({"requests": "1.5"}, "--requests"),
        ({"prompts": ("a",), "prompt_tokens": "9"}, "--prompt and --prompt-tokens"),
        ({"max_tokens": "none"}, "--max-tokens"),
        ({"rate": "1", "arrivals": "gamma:x"}, "--arrivals"),
    ],
)
def test_what_cannot_be_read_names_the_option(asked, words):
    with pytest.raises(LoadInputError) as error:
        options(**asked)
    assert words in str(error.value)


def test_an_unknown_process_is_refused_with_the_known_ones():
    with pytest.raises(ArrivalsError, match="constant, poisson, gamma"):
        options(rate="1", arrivals="weibull")


def test_the_options_describe_a_workload():
    (entry,) = workload_of(Asked(prompts=("Hi.",), max_tokens="7", temperature=0.5, unique_prefix=True)).spec.mix
    assert (entry.prompts.texts, entry.max_tokens, entry.fields) == (("Hi.",), 7, {"temperature": 0.5})


def test_equal_options_describe_equal_workloads():
    one, other, third = (workload_of(Asked(max_tokens=tokens)).sha256 for tokens in ("8", "8", "9"))
    assert one == other != third


def test_a_workload_file_is_taken_as_it_is(file):
    workload = workload_of(Asked(workload=file))
    assert workload.spec.name == "short"
    with pytest.raises(PlanError, match=r"--workload already says what --temperature, --no-stream would"):
        workload_of(Asked(workload=file, temperature=0.0, stream=False))


def test_given_levels_replace_those_of_the_workload(file):
    workload = workload_of(Asked(workload=file))
    assert [str(level) for level in levels_of(Asked(), workload)] == ["ttft_first_content_p95 < 1 s"]
    assert [str(level) for level in levels_of(Asked(levels=("e2e_p50 < 2 s",)), workload)] == ["e2e_p50 < 2 s"]


def test_the_store_keeps_what_was_given(file):
    kept = Asked(users="1", workload=file, temperature=0.0).options()
    assert kept["users"] == "1"
    assert kept["workload"] == str(file)
    assert kept["temperature"] == 0.0
    assert "rate" not in kept
