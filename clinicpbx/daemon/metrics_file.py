"""Reads the metrics that the listener and the notifier leave as text files."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families


def read_metrics(path: Path) -> dict[str, float]:
    """The samples without labels by name; none where there is no such file, or it cannot be read."""
    try:
        families = list(text_string_to_metric_families(path.read_text()))
    except (OSError, ValueError):
        return {}
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}
