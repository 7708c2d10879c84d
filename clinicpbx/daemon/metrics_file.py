"""The metrics that the processes beside the daemon leave as text files, one each."""

import os
import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families


def write_metrics(registry: CollectorRegistry, path: Path) -> None:
    """What *registry* counts, as text, in *path*, replaced at once."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(generate_latest(registry))
    os.replace(fresh, path)


def read_metrics(path: Path) -> dict[str, float]:
    """The samples without labels by name; none where there is no such file, or it cannot be read."""
    try:
        families = list(text_string_to_metric_families(path.read_text()))
    except (OSError, ValueError):
        return {}
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def left_by_others(run: Path) -> bytes:
    """What they left in *run*, as text, and how long ago: who is dead or hangs tells nothing new."""
    registry, texts = CollectorRegistry(), list[bytes]()
    silent = Gauge("clinicpbx_silent_seconds", "Since a process's last turn", ["process"], registry=registry)
    for path in sorted(run.glob("*.prom")):
        with suppress(OSError):
            age = time.time() - path.stat().st_mtime
            texts.append(path.read_bytes())
            silent.labels(path.stem).set(max(age, 0.0))
    return b"".join([*texts, generate_latest(registry)])
