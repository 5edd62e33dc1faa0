"""Telemetry with known numbers."""

from dataclasses import replace

from keywords.engine.gpu.capabilities import Capabilities
from keywords.engine.gpu.reading import Reading
from keywords.engine.gpu.sampler import Sample
from keywords.engine.gpu.signals import SIGNALS
from keywords.engine.gpu.telemetry import Cost, Telemetry


def matrix(values=None, reasons=None, device=0):
    """Capabilities of a device: what has no value is not supported."""
    values, reasons = values or {}, reasons or {}
    return Capabilities(
        device,
        "a test",
        {
            name: Reading(values[name], "call()")
            if name in values
            else Reading(None, "call()", "not supported", reasons.get(name, "Not Supported"), 3)
            for name in SIGNALS
        },
    )


def telemetry(rows, *, facts=None, **other):
    """Telemetry of GPU 0, of pairs of a moment and its values; a value that is a text is a gap with this reason."""
    samples = tuple(
        Sample(
            moment,
            0,
            {name: value for name, value in values.items() if not isinstance(value, str)},
            {name: value for name, value in values.items() if isinstance(value, str)},
        )
        for moment, values in rows
    )
    seen = {name: value for sample in samples for name, value in sample.values.items()} | (facts or {})
    plain = Telemetry(
        origin="a test",
        is_replay=False,
        driver="570.0",
        hz=10.0,
        capabilities=(matrix(seen),),
        samples=samples,
        xids=(),
        xid_reason="",
        cost=Cost(10.0, 0.02, 100, 0, 0.003),
        windows={},
    )
    return replace(plain, **other)
