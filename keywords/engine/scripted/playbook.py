"""Which script a request gets: sequences of scripts, for all requests or for some of them."""

from __future__ import annotations

from dataclasses import dataclass

from keywords.engine.scripted.script import Script


@dataclass(slots=True)
class _Sequence:
    scripts: tuple[Script, ...]
    played: int = 0

    def next(self) -> Script:
        """The next script; the last one again and again."""
        script = self.scripts[min(self.played, len(self.scripts) - 1)]
        self.played += 1
        return script


class Playbook:
    """Sequences of scripts by path and model. The closest match counts: both, then the path, then the model."""

    def __init__(self) -> None:
        self._sequences: dict[tuple[str | None, str | None], _Sequence] = {(None, None): _Sequence((Script(),))}

    def put(self, scripts: tuple[Script, ...], path: str | None = None, model: str | None = None) -> None:
        """Play `scripts` one after the other from now on, for requests at `path` and for `model` if these are given.

        Without either all that was put for paths and models is forgotten.
        """
        if path is None and model is None:
            self._sequences.clear()
        self._sequences[path, model] = _Sequence(scripts)

    def next(self, path: str, model: str) -> Script:
        """The script of a request for an answer."""
        found = self._sequences
        keys = ((path, model), (path, None), (None, model), (None, None))
        return next(found[key] for key in keys if key in found).next()

    def next_for_probe(self, path: str) -> Script | None:
        """The script of any other request: only one that was put for its path."""
        sequence = self._sequences.get((path, None))
        return sequence.next() if sequence else None

    def on_connect(self) -> Script:
        """The script that a new connection meets, before anybody knows what it will ask; it counts as not played."""
        sequence = self._sequences[None, None]
        return sequence.scripts[min(sequence.played, len(sequence.scripts) - 1)]
