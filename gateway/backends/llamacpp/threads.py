"""How many threads llama.cpp computes with."""

from __future__ import annotations

from typing import NamedTuple

from gateway.operating_system.cpus import count_cpus

_MOST = 8
"""Beyond eight, threads wait for memory."""


class Threads(NamedTuple):
    """Numbers of threads.

    Attributes:
        prompt: threads that read prompts.
        answer: threads that generate answers.
    """

    prompt: int
    answer: int


def choose_threads() -> Threads | None:
    """Choose a thread per physical core, but leave one CPU free; None leaves the choice to llama.cpp.

    llama.cpp's threads wait for each other, spinning, several hundred times per token. A thread that shares its CPU
    with the gateway or a client therefore delays all of them. On two CPUs, both busy with something else besides, one
    thread still generates 80 tokens/s and two generate 20; undisturbed, one generates 148 and two generate 170. On
    macOS and Windows llama.cpp's own choice stands: it counts the fast cores.

    Where a single thread generates, waiting threads may sleep (`OMP_WAIT_POLICY=PASSIVE`) at no loss. A prompt, whose
    tokens are read 512 at a time, then gets the other CPU too: 450 tokens/s in place of 240 undisturbed, and beside one
    or two busy programs no less than with one thread. Sleeping would cost two generating threads two thirds of their
    speed.
    """
    cpus = count_cpus()
    if cpus is None:
        return None
    answer = max(1, min(_MOST, cpus.cores, cpus.usable - 1))
    return Threads(max(1, min(cpus.cores, cpus.usable)) if answer == 1 else answer, answer)
