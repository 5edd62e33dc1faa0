"""Series made of figures."""

from keywords.engine.load.comparison.series import Series, SeriesRun

MACHINE = "A processor, 2 CPUs, 8 GiB, Linux"


def series(name, figures, *, first_run=1, rounds=(), **facts):
    """A series; figures are those of each metric, run by run."""
    count = len(next(iter(figures.values())))
    runs = [
        SeriesRun(
            **{
                "run": first_run + at,
                "started_at": 1000.0 + 10 * at,
                "figures": {metric: values[at] for metric, values in figures.items()},
                "workload_hash": "a" * 64,
                "load": "10 users",
                "machine": MACHINE,
                "model": "scripted",
                "round": rounds[at] if rounds else None,
                **facts,
            }
        )
        for at in range(count)
    ]
    return Series(name, tuple(runs))


def spread(middle, count=5, step=0.01):
    """Figures around a middle, a hundredth apart."""
    return [middle * (1 + step * (at - (count - 1) / 2)) for at in range(count)]
