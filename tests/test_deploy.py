"""The files under deploy/ name metrics, settings and routes that exist. `make deploy-lint` checks them against schemas."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from coopbot.index.live import LiveIndex
from coopbot.serve.http.connections import Timeouts
from coopbot.serve.http.metrics import Metrics, Monitoring
from coopbot.settings import VARIABLES
from tests.serve.small_service import built, service_over

DEPLOY = Path(__file__).parents[1] / "deploy"
OPERATIONS = Path(__file__).parents[1] / "docs" / "operations.md"
# Prometheus gives it to everything that is scraped.
_OF_PROMETHEUS = {"up"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    return built(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def given(index: LiveIndex) -> set[str]:
    """Names of the series that a service gives, whatever their labels."""
    metrics = Metrics()
    state = Monitoring(metrics=metrics, token="", index=index, models={}, waiting=lambda: {"changes": 0})
    families = re.findall(r"^# TYPE (\S+) (\S+)", metrics.exposed(state).decode(), re.M)
    plain = {name for name, kind in families if kind != "histogram"}
    return plain | {f"{name}_{part}" for name, kind in families if kind == "histogram" for part in ("bucket", "count", "sum")}


def expressions() -> list[str]:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))
    dashboard = json.loads((DEPLOY / "grafana" / "coopbot.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [
        *asked,
        *(variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"),
    ]


def test_alerts_and_dashboard_ask_for_series_that_there_are(given: set[str]) -> None:
    asked = {name for text in expressions() for name in re.findall(r"\b(?:coopbot|process)_\w+|\bup\b", text)}
    assert len(asked) > 10
    assert asked - given == _OF_PROMETHEUS


def test_every_series_of_ours_is_shown_or_watched(given: set[str]) -> None:
    text = "\n".join(expressions())
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in given if name.startswith("coopbot_")}
    assert {name for name in families if not name.endswith("_created") and name not in text} == set()


def test_every_setting_that_is_named_exists() -> None:
    known = VARIABLES
    named = {name for path in DEPLOY.rglob("*") if path.is_file() for name in re.findall(r"COOPBOT_[A-Z_]+", path.read_text())}
    assert named - known == set()


def test_all_reach_the_port_of_the_image_and_routes_that_there_are(index: LiveIndex) -> None:
    # `Any`: what YAML holds.
    objects: dict[str, Any] = {
        found["kind"]: found for found in yaml.safe_load_all((DEPLOY / "kubernetes" / "coopbot.yaml").read_text())
    }
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["ports"][0]["containerPort"] == 8000
    paths = [path["path"] for path in objects["Ingress"]["spec"]["rules"][0]["http"]["paths"]]
    paths += [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
    routes = [getattr(route, "path", "") for route in service_over(index, deliver=lambda secret, body: True).routes]
    assert [path for path in paths if not any(route.startswith(path) for route in routes)] == []
    assert "/metrics" not in paths


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, of systemd")
def test_units_are_accepted_by_systemd(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text(encoding="utf-8")
        (tmp_path / unit.name).write_text(text.replace("/opt/coopbot/.venv/bin/coopbot", "/bin/true"), encoding="utf-8")
    units = [str(path) for path in tmp_path.iterdir()]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units], capture_output=True, text=True, timeout=120
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("name", ["coopbot.service", "coopbot-telegram.service"])
def test_a_service_may_open_the_files_that_its_connections_and_snapshots_need(name: str) -> None:
    unit = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    (most,) = re.findall(r"^LimitNOFILE=(\d+)$", unit, re.M)
    # A quarter of them are for connections: see serve/run.py.
    assert int(most) >= 4 * Timeouts().connections


def test_actions_are_pinned_by_commit_and_a_bot_pins_images_by_digest() -> None:
    github = DEPLOY.parent / ".github"
    text = "".join(path.read_text(encoding="utf-8") for path in (github / "workflows").iterdir())
    used = re.findall(r"uses: (?!docker://)(\S+)", text)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []
    renovate = json.loads((github / "renovate.json").read_text(encoding="utf-8"))
    assert {"docker:pinDigests", "helpers:pinGitHubActionDigests"} <= set(renovate["extends"])
    assert {"dockerfile", "docker-compose", "github-actions", "kubernetes"} <= set(renovate["enabledManagers"])


def test_every_alert_says_what_to_do() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    assert all(rule["annotations"]["action"] and rule["annotations"]["summary"] for rule in alerts)
    assert {9: "nine"}[len(alerts)] in OPERATIONS.read_text(encoding="utf-8")


def test_every_logged_event_that_is_explained_is_logged() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (DEPLOY.parent / "src").rglob("*.py"))
    table = OPERATIONS.read_text(encoding="utf-8").partition("\n## Log")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+) \|", table, re.M)
    events = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(events) > 15
    assert {name for name in events if f'"{name}"' not in source} == set()
