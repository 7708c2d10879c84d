"""Alerts and dashboards: read by Prometheus' own tool, each alert fires when it should and not before."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.daemon.notifier_metrics import NotifierMetrics
from clinicpbx.daemon.records_metrics import RecordsMetrics

pytestmark = pytest.mark.golden

MONITORING = Path(__file__).parents[2] / "monitoring"
RULES = MONITORING / "alerts.yml"
BOARDS = sorted((MONITORING / "grafana").glob("*.json"))
ALERTS = {
    rule["alert"]: rule for group in YAML(typ="safe").load(RULES.read_text())["groups"] for rule in group["rules"]
}
ON = 'instance="a"'
LAG = {f'clinicpbx_loop_lag_seconds_bucket{{{ON},le="{le}"}}': "0+1x60" for le in ("1.0", "+Inf")}
LATE = {f'clinicpbx_records_delay_seconds_bucket{{{ON},le="{le}"}}': "0+1x120" for le in ("300.0", "+Inf")}
QUEUE = f'{ON},queue="q"'

# alert (": why", where there is another case of it): the series that make it fire, a value a minute; the minute at
# which it must, and the last at which it must not
FIRES: dict[str, tuple[dict[str, str], int, int]] = {
    "PatientsWaitLong": ({f"clinicpbx_queue_longest_wait_seconds{{{QUEUE}}}": "300 300 301+60x20"}, 3, 2),
    "NobodyForTheQueue": (
        {
            f"clinicpbx_queue_waiting{{{QUEUE}}}": "2x20",
            f'clinicpbx_queue_agents{{{QUEUE},state="free"}}': "1x5 0x15",
            f'clinicpbx_queue_agents{{{QUEUE},state="paused"}}': "3x20",
        },
        7,
        6,
    ),
    "QueueRuleBroken": ({f'clinicpbx_queue_rules_broken_total{{{ON},rule="order"}}': "0x4 1x20"}, 6, 4),
    "CallbacksUnreached": ({f"clinicpbx_callbacks_unreached{{{ON}}}": "1x60"}, 30, 29),
    "SelftestFailed": ({f'clinicpbx_selftest_ok{{{ON},entry="+1"}}': "1 1 0x20"}, 2, 1),
    "DaemonGone": ({'up{job="clinicpbx",instance="a"}': "1 0x20"}, 2, 1),
    "DaemonNotHealthy": ({f"clinicpbx_healthy{{{ON}}}": "1 0x20"}, 2, 1),
    "AsteriskNotConnected": ({f"clinicpbx_asterisk_connected{{{ON}}}": "1 0x20"}, 2, 1),
    "CallsByBug": ({f"clinicpbx_bugs_total{{{ON}}}": "0x3 1x20"}, 5, 3),
    "DaemonSlow": ({**LAG, f'clinicpbx_loop_lag_seconds_bucket{{{ON},le="0.25"}}': "0x60"}, 8, 4),
    "EventsOverflowed": ({f"clinicpbx_event_overflows_total{{{ON}}}": "0x3 1x20"}, 5, 3),
    "CertificateExpires": ({f"clinicpbx_certificate_days_left{{{ON}}}": "14 13.9"}, 1, 0),
    "CertificateExpires: it cannot be read": ({f"clinicpbx_certificate_days_left{{{ON}}}": "90 NaN"}, 1, 0),
    "CertificateExpiresNow": ({f"clinicpbx_certificate_days_left{{{ON}}}": "2 1.9"}, 1, 0),
    "RecordsUnreconciled": ({f"clinicpbx_records_unreconciled{{{ON}}}": "2x60"}, 15, 14),
    "RecordsLost": ({f'clinicpbx_records_lost_rows_total{{{ON},spool="CDR"}}': "0x3 1x20"}, 5, 3),
    "JournalFails": ({f"clinicpbx_journal_failures_total{{{ON}}}": "0x3 1x20"}, 5, 3),
    "RecordsNotStored": ({f"clinicpbx_records_database_up{{{ON}}}": "0x20"}, 2, 1),
    "RecordsFailed": ({f"clinicpbx_records_faults{{{ON}}}": "0 1x20"}, 1, 0),
    "RecordsLate": ({**LATE, f'clinicpbx_records_delay_seconds_bucket{{{ON},le="30.0"}}': "0x120"}, 20, 14),
    "ProcessSilent": ({f'clinicpbx_silent_seconds{{{ON},process="listener"}}': "30 90 91"}, 2, 1),
    "DiskFull": ({f'clinicpbx_disk_full{{{ON},place="spool"}}': "0 1x20"}, 1, 0),
    "AuditBroken": ({f"clinicpbx_audit_sound{{{ON}}}": "1 0x20"}, 1, 0),
    "RecordingsUnsealed": ({f"clinicpbx_unsealed_recordings{{{ON}}}": "1x20"}, 5, 4),
    "NoticesFailed": ({f"clinicpbx_notices_failed{{{ON}}}": "0 1x20"}, 1, 0),
    "NoticesLate": ({f"clinicpbx_notices_oldest_seconds{{{ON}}}": "900 901x20"}, 6, 5),
}  # fmt: skip


def promtool(*words: str) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case() -> None:
    assert {case.partition(":")[0] for case in FIRES} == set(ALERTS)


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    for name, rule in ALERTS.items():
        assert set(rule["annotations"]) == {"summary", "do"}, name
        assert rule["labels"]["severity"] in ("page", "ticket"), name


def test_alerts_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    def case(name: str) -> dict[str, Any]:
        series, fires, quiet = FIRES[name]
        alerts = f'count(ALERTS{{alertname="{name.partition(":")[0]}",alertstate="firing"}}) or vector(0)'
        return {
            "name": name,
            "interval": "1m",
            "input_series": [{"series": each, "values": values} for each, values in series.items()],
            "promql_expr_test": [
                {"expr": alerts, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": count}]}
                for minute, count in ((fires, 1), (quiet, 0))
            ],
        }

    tests = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [case(name) for name in FIRES]}
    (tmp_path / "tests.yml").write_text(json.dumps(tests))
    promtool("test", "rules", str(tmp_path / "tests.yml"))


def expressions() -> Iterator[tuple[str, str]]:
    for file in BOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.stem}: {panel['title']}", target["expr"]


def test_prometheus_understands_every_panel(tmp_path: Path) -> None:
    records = [
        {"record": f"panel:{n}", "expr": expr.replace("$instance", ".*")} for n, (_, expr) in enumerate(expressions())
    ]
    assert len(records) > 40
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": records}]}))
    promtool("check", "rules", str(tmp_path / "panels.yml"))


def measured() -> set[str]:
    """Every name that one of our processes tells Prometheus."""
    registries: tuple[CollectorRegistry, ...] = (
        Metrics().registry,
        RecordsMetrics().registry,
        NotifierMetrics().registry,
    )
    found = {"clinicpbx_silent_seconds", "up"}
    for registry in registries:
        for metric in registry.collect():
            ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(metric.type, ("",))
            found |= {metric.name + end for end in ends}
    return found


def test_alerts_and_panels_ask_for_what_is_measured() -> None:
    known = measured()
    asked = [*expressions(), *((name, rule["expr"]) for name, rule in ALERTS.items())]
    for where, expr in asked:
        names = set(re.findall(r"\bclinicpbx_\w+", expr))
        assert names <= known, f"{where}: {names - known}"


def test_everything_that_is_measured_is_looked_at_somewhere() -> None:
    text = " ".join(expr for _, expr in expressions()) + " ".join(rule["expr"] for rule in ALERTS.values())
    looked_at = set(re.findall(r"\bclinicpbx_\w+", text))
    plain = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in looked_at}
    unseen = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in measured() - {"up"}} - plain
    assert unseen <= {"clinicpbx_records_open_channels", "clinicpbx_records_lost_channels"} | {
        "clinicpbx_records_moved_rows",
        "clinicpbx_notices_sent",
        "clinicpbx_notices_database_up",
    }


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.stem)
def test_a_dashboard_names_no_server_and_no_data_source_of_its_own(file: Path) -> None:
    board = json.loads(file.read_text())
    assert (
        board["templating"]["list"][0] | {"type": "datasource", "query": "prometheus"} == board["templating"]["list"][0]
    )
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == {"${datasource}"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
