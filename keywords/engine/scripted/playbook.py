"""Choice of the script for a request: sequences of scripts by path and model."""

from __future__ import annotations

from dataclasses import dataclass

from keywords.engine.scripted.script import Script


@dataclass(slots=True)
class _Sequence:
    scripts: tuple[Script, ...]
    cycle: bool = False
    played: int = 0

    def upcoming(self) -> Script:
        """The script that comes next: after the last one, the first one in a cycle, else the last one again."""
        if self.cycle:
            return self.scripts[self.played % len(self.scripts)]
        return self.scripts[min(self.played, len(self.scripts) - 1)]

    def next(self) -> Script:
        """Play the upcoming script."""
        script = self.upcoming()
        self.played += 1
        return script


class Playbook:
    """Sequences of scripts by path and model; the closest match wins: both, then the path, then the model."""

    def __init__(self) -> None:
        self._sequences: dict[tuple[str | None, str | None], _Sequence] = {(None, None): _Sequence((Script(),))}

    def put(
        self, scripts: tuple[Script, ...], path: str | None = None, model: str | None = None, *, cycle: bool = False
    ) -> None:
        """Set the sequence for a path, a model, both, or, without either, for all requests.

        After its last script, a cycle begins again; any other sequence repeats the last one. Setting it for all
        requests forgets all other sequences.
        """
        if path is None and model is None:
            self._sequences.clear()
        self._sequences[path, model] = _Sequence(scripts, cycle)

    def next(self, path: str, model: str) -> Script:
        """The next script for a model request."""
        keys = ((path, model), (path, None), (None, model), (None, None))
        return next(self._sequences[key] for key in keys if key in self._sequences).next()

    def next_for_probe(self, path: str) -> Script | None:
        """The next script that was set for a probe's path; None if there is none."""
        sequence = self._sequences.get((path, None))
        return sequence.next() if sequence else None

    def on_connect(self) -> Script:
        """The script for all requests that comes next, for a new connection's delay; it does not count as played."""
        return self._sequences[None, None].upcoming()
