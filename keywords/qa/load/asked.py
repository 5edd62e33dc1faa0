"""What the user of `qa load` asked for, as a workload and its load."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, cast, get_args

from pydantic import ValidationError

from keywords.engine.load.arrivals import ArrivalProcess
from keywords.engine.load.errors import ArrivalsError, PlanError
from keywords.engine.load.planning import LoadOptions
from keywords.engine.load.quantities import parse_count, parse_counts, parse_duration, parse_numbers, parse_rates
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.workload.reading import load_workload, read_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.service_levels import ServiceLevel
    from keywords.engine.load.workload.reading import LoadedWorkload

DEFAULT_USERS = "1,10,20"
DEFAULT_DURATION = "30s"
ARRIVALS = "poisson"
_DEFAULT_TOKENS = 64
_LEAST_BURSTINESS, _MOST_BURSTINESS = 0.01, 1e6
_DEFAULT_PROMPTS = (
    "Name three things that a lighthouse keeper does in a storm.",
    "Explain to a child why bread rises.",
    "Write two sentences about a train that is late.",
    "What should I pack for a week in the mountains?",
    "Compare a bicycle with a bus for a way of five kilometres.",
    "Give a short recipe for a soup of lentils and carrots.",
    "How does a canal lock lift a boat?",
    "Suggest a name for a shop that repairs clocks, and say why.",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that decide what is sent and when, as typed; None where left out."""

    users: str | None = None
    rate: str | None = None
    lasts: str | None = None
    requests: str | None = None
    arrivals: str = ARRIVALS
    replays: bool = False
    workload: Path | None = None
    prompts: tuple[str, ...] = ()
    prompt_tokens: str | None = None
    max_tokens: str | None = None
    temperature: float | None = None
    unique_prefix: bool = False
    stream: bool = True
    levels: tuple[str, ...] = ()
    warmup: str | None = None
    timeout: str = "120s"
    seed: int = 0
    most_in_flight: int | None = None
    processes: int | None = None

    def options(self) -> dict[str, Any]:
        """What was given, for the store."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return {name: str(value) if name == "workload" else value for name, value in given.items()}


def workload_of(asked: Asked) -> LoadedWorkload:
    """The workload file, or the workload that the options describe.

    Raises:
        LoadInputError: a file or a field is wrong, or options contradict each other.
    """
    if asked.workload is not None:
        described = {
            "--prompt": bool(asked.prompts),
            "--prompt-tokens": asked.prompt_tokens is not None,
            "--max-tokens": asked.max_tokens is not None,
            "--temperature": asked.temperature is not None,
            "--unique-prefix": asked.unique_prefix,
            "--no-stream": not asked.stream,
        }
        if given := [name for name, is_given in described.items() if is_given]:
            raise PlanError(f"--workload already says what {', '.join(given)} would: write it into the file")
        return read_workload(asked.workload)
    if not all(prompt.strip() for prompt in asked.prompts):
        raise PlanError("--prompt is empty: give some text")
    if asked.prompts and asked.prompt_tokens is not None:
        raise PlanError("--prompt and --prompt-tokens contradict each other: give one of them")
    try:
        return load_workload(_described(asked))
    except ValidationError as err:
        problem = err.errors()[0]
        said = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        raise PlanError(f"--prompt, --prompt-tokens, --max-tokens or --temperature cannot be used: {said}") from err


def _described(asked: Asked) -> Workload:
    """The workload that the options describe."""
    if asked.prompt_tokens is not None:
        prompts = Prompts(tokens=parse_count(asked.prompt_tokens, "--prompt-tokens"))
    else:
        prompts = Prompts(texts=asked.prompts or _DEFAULT_PROMPTS)
    tokens = _DEFAULT_TOKENS if asked.max_tokens is None else parse_count(asked.max_tokens, "--max-tokens")
    if asked.temperature is not None and not isfinite(asked.temperature):
        raise PlanError(f"--temperature is {asked.temperature}: give a number, such as 0.7")
    fields = {} if asked.temperature is None else {"temperature": asked.temperature}
    entry = Entry(name="chat", prompts=prompts, max_tokens=tokens, fields=fields)
    return Workload(name="options", stream=asked.stream, unique_prefix=asked.unique_prefix, mix=(entry,))


def options_of(asked: Asked, workload: LoadedWorkload) -> LoadOptions:
    """How much load for how long; 1, then 10, then 20 users if nothing says it.

    Raises:
        LoadInputError: a number cannot be read, or options contradict each other.
    """
    if asked.users is not None and asked.rate is not None:
        raise PlanError("--users and --rate contradict each other: users wait for answers, a rate does not; give one")
    process, _, burstiness = asked.arrivals.partition(":")
    if process not in get_args(ArrivalProcess):
        known = ", ".join(get_args(ArrivalProcess))
        raise ArrivalsError(f"--arrivals is {asked.arrivals!r}: give {known}, or gamma:0.5 for a burstiness")
    is_free = asked.users is None and asked.rate is None and not asked.replays and workload.trace is None
    users = DEFAULT_USERS if is_free else asked.users
    ends_by_itself = asked.replays or (users is None and asked.rate is None)
    lasts = asked.lasts or (None if ends_by_itself or asked.requests is not None else DEFAULT_DURATION)
    return LoadOptions(
        users=() if users is None else parse_counts(users, "--users"),
        rates=() if asked.rate is None else parse_rates(asked.rate, "--rate"),
        duration_s=None if lasts is None else _duration(lasts, "--for"),
        requests=None if asked.requests is None else parse_count(asked.requests, "--requests"),
        process=cast("ArrivalProcess", process),
        burstiness=_burstiness(burstiness) if burstiness else 1.0,
        seed=asked.seed,
        warmup_s=parse_duration(asked.warmup, "--warmup") if asked.warmup else 0.0,
        timeout_s=_duration(asked.timeout, "--timeout"),
        most_in_flight=asked.most_in_flight,
        processes=asked.processes,
    )


def levels_of(asked: Asked, workload: LoadedWorkload) -> tuple[ServiceLevel, ...]:
    """The service levels of the options, else of the workload.

    Raises:
        ServiceLevelError: one of them cannot be read.
    """
    return tuple(map(parse_service_level, asked.levels)) or workload.spec.service_levels


def _duration(text: str, option: str) -> float:
    seconds = parse_duration(text, option)
    if not seconds:
        raise PlanError(f"{option} is {text}: give more than 0, such as 30s")
    return seconds


def _burstiness(text: str) -> float:
    values = parse_numbers(text, "--arrivals gamma:")
    if len(values) != 1 or not _LEAST_BURSTINESS <= values[0] <= _MOST_BURSTINESS:
        limits = f"{_LEAST_BURSTINESS:g} to {_MOST_BURSTINESS:g}"
        raise ArrivalsError(f"--arrivals gamma has the burstiness {text!r}; give one number of {limits}, such as 0.5")
    return float(values[0])
