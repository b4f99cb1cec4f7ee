"""The metrics: the format, the names, and that counters only rise, unknown is absent and viewers make no series."""

from __future__ import annotations

import json
import math
import os
import re
import time
from dataclasses import replace
from typing import Any

import pytest

from streamkit.documents import read_document, write_document
from streamkit.panel.app import Panel, create_app
from streamkit.panel.catalogue import CAPTURE_STATES, METRICS
from streamkit.panel.context import Context
from streamkit.panel.exposition import CONTENT_TYPE, Metric, Value, render
from tests.conftest import REPOSITORY
from tests.streamkit.panel.conftest import TOKEN, Client
from tests.streamkit.panel.prometheus import Family, Labels, read

DASHBOARD = REPOSITORY / "docs" / "grafana" / "streamkit.json"
UNITS = ("seconds", "bytes", "ratio", "celsius", "pixels", "cores")


@pytest.fixture
def fast(context: Context) -> Panel:
    """A panel whose every answer is from a sample of its own."""
    return create_app(replace(context, interval_s=0.0))


def scrape(panel: Panel) -> dict[str, Family]:
    """What Prometheus reads."""
    answer = Client(panel)("GET", "/metrics", token=TOKEN)
    assert (answer.status, answer.headers["content-type"]) == (200, CONTENT_TYPE)
    return read(answer.body.decode())


def value(families: dict[str, Family], name: str, **labels: str) -> float:
    """One value."""
    key: Labels = tuple(sorted(labels.items()))
    return families[f"streamkit_{name}"].values[key]


def test_what_the_files_say_is_told_in_base_units(fast: Panel, states: Any) -> None:
    states.supervisor(settings=read_document(states.folder / "supervisor.json")["settings"], poller=None)
    found = scrape(fast)
    assert value(found, "video_frames_total", stage="captured") == 22534
    assert value(found, "video_frames_total", stage="sent") == 22531
    assert value(found, "frames_dropped_total", reason="late") == 2
    assert value(found, "video_frames_in_flight") == 1
    assert value(found, "video_bytes_per_second") == 2_480_000 / 8
    assert value(found, "video_target_bytes_per_second") == 2_500_000 / 8
    assert value(found, "video_stage_delay_seconds", stage="encode", percentile="95") == 0.015326
    assert value(found, "audio_gap_seconds_total") == 0.021333
    assert value(found, "viewers") == 1
    assert value(found, "viewer_round_trip_seconds") == 0.00124
    assert value(found, "viewer_packets_sent_total") == 21044
    assert value(found, "stream_state", state="running") == 1 and value(found, "stream_state", state="failed") == 0
    assert value(found, "capture_state", state="no_device") == 1
    assert value(found, "encoder_info", encoder="x264", codec="h264", element="x264enc", script="stream-x264.sh") == 1
    assert abs(value(found, "stream_start_time_seconds") - (time.time() - 751)) < 60
    assert value(found, "panel_http_requests_total", route="/metrics") == 1
    assert value(found, "process_resident_memory_bytes", process="panel") > 1e6
    assert value(found, "process_cpu_seconds_total", process="panel") > 0
    assert value(found, "panel_event_clients") == 0


def test_what_is_not_known_is_absent(fast: Panel, states: Any) -> None:
    for path in states.folder.iterdir():
        path.unlink()
    found = scrape(fast)
    assert value(found, "stream_state", state="unknown") == 1
    absent = {
        "viewers",
        "video_frames_total",
        "video_frames_per_second",
        "capture_state",
        "encoder_info",
        "stream_wanted",
    }
    absent |= {"server_reachable", "gpu_usage_ratio", "host_cpu_usage_ratio", "stream_start_time_seconds"}
    assert not {f"streamkit_{name}" for name in absent} & set(found)
    assert {"streamkit_build_info", "streamkit_host_memory_total_bytes", "streamkit_viewer_packets_sent_total"} <= set(
        found
    )


def test_counters_do_not_fall_within_a_run_and_begin_anew_with_the_next(fast: Panel, states: Any) -> None:
    def at(captured: int, late: int, pid: int, uptime_s: float) -> dict[str, Family]:
        document = read_document(states.folder / "launch.json")
        document["ledger"]["video"] |= {"captured": captured, "dropped": {"late": late, "queue": 0}}
        document["video"]["captured"] = captured
        states.launch(**{**document, "sampled_at": time.time(), "pid": pid, "uptime_s": uptime_s})
        return scrape(fast)

    first = at(1000, 5, 7, 30.0)
    began = value(first, "stream_start_time_seconds")
    second = at(1100, 4, 7, 31.7)
    assert value(second, "video_frames_total", stage="captured") == 1100
    assert value(second, "frames_dropped_total", reason="late") == 5, "what was told is not taken back"
    assert value(second, "stream_start_time_seconds") == began, "one beginning for each run"
    third = at(10, 0, 8, 1.0)
    assert value(third, "video_frames_total", stage="captured") == 10
    assert value(third, "frames_dropped_total", reason="late") == 0
    assert value(third, "stream_start_time_seconds") != began


def test_viewers_make_no_series_of_their_own(fast: Panel, states: Any) -> None:
    row = read_document(states.folder / "launch.json")["viewers"][0]
    series = sum(len(family.values) for family in scrape(fast).values())
    states.launch(viewers=[{**row, "id": f"viewer-{number}"} for number in range(300)])
    found = scrape(fast)
    assert value(found, "viewers") == 300
    assert sum(len(family.values) for family in found.values()) <= series + 10
    assert not [labels for family in found.values() for labels in family.values if "viewer-" in str(labels)]


def test_the_server_is_told_as_the_poller_saw_it(fast: Panel, states: Any) -> None:
    streams = [{"own": True, "viewers": 4}, {"own": False, "viewers": 9}]
    document = {"sampled_at": 1700000000.5, "reachable": True, "latency_ms": 12.5, "error": None, "streams": streams}
    write_document(states.folder / "server.json", document)
    found = scrape(fast)
    assert value(found, "server_reachable") == value(found, "server_healthy") == 1
    assert (value(found, "server_response_seconds"), value(found, "server_streams")) == (0.0125, 2)
    assert value(found, "server_viewers") == 4
    write_document(states.folder / "server.json", {**document, "reachable": False, "latency_ms": None, "streams": []})
    found = scrape(fast)
    assert value(found, "server_reachable") == value(found, "server_healthy") == 0
    assert "streamkit_server_response_seconds" not in found and "streamkit_server_viewers" not in found


def test_metrics_need_the_token_and_tell_no_secret(call: Any, fast: Panel, states: Any) -> None:
    answer = call("GET", "/metrics")
    assert (answer.status, answer.json["ok"]) == (401, False)
    states.publish_by_whip(
        "https://customer-abc.cloudflarestream.com/b236bde30eb07b9d01318940e5fc3edake34a3/webRTC/publish"
    )
    body = Client(fast)("GET", "/metrics", token=TOKEN).body.decode()
    assert "cloudflare" not in body and TOKEN not in body


def test_a_launcher_that_writes_nonsense_breaks_nothing(fast: Panel, states: Any) -> None:
    states.launch(
        video={"captured": "many", "fps": None, "stages_ms": {"encode": None}}, ledger={"video": None}, viewers=5
    )
    found = scrape(fast)
    assert "streamkit_video_frames_total" not in found
    assert value(found, "viewers") == 0


def test_names_and_kinds_follow_the_conventions() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"streamkit_[a-z0-9_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not re.search(r"(percent|_ms|_kbps|milliseconds|kilobytes|_bits)(_|$)", metric.name), metric.name
        assert metric.help.endswith(".") and 10 < len(metric.help) < 120, metric.name
        assert not {"quantile", "le", "instance", "job"} & set(metric.labels), "names that Prometheus uses itself"
        if "total" in metric.name.removesuffix("_total"):
            assert metric.name.endswith(UNITS), metric.name


def test_the_page_is_escaped_as_the_format_asks() -> None:
    catalogue = (
        Metric("a_info", "gauge", "A back\\slash and\na line.", ("name",)),
        Metric("b_total", "counter", "None."),
    )
    nasty = 'a "b" \\ c\nd {}=,'
    page = render(catalogue, [Value("a_info", 1, {"name": nasty}), Value("b_total", math.nan), Value("b_total", None)])
    assert read(page)["a_info"].values == {(("name", nasty),): 1.0}
    assert "b_total" not in page
    assert "A back\\\\slash and\\na line." in page
    numbers = (
        render(catalogue, [Value("b_total", 0.1 + 0.2)]).splitlines()[-1],
        render(catalogue, [Value("b_total", math.inf)]),
    )
    assert numbers[0] == "b_total 0.30000000000000004" and "b_total +Inf" in numbers[1]
    for wrong in (Value("c", 1), Value("a_info", 1), Value("b_total", 1, {"x": "y"})):
        with pytest.raises(KeyError):
            render(catalogue, [wrong])


@pytest.mark.parametrize(
    "page",
    [
        "a 1\n",
        "# HELP a x\n# TYPE a gauge\na 1",
        "# HELP a x\n# TYPE a gauge\n",
        "# TYPE a gauge\n# HELP a x\na 1\n",
        "# HELP a x\n# TYPE a gauge\na one\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 2\n",
        '# HELP a x\n# TYPE a gauge\na{b="c"} 1\na{d="c"} 1\n',
        '# HELP a x\n# TYPE a gauge\na{b="c\\x"} 1\n',
        '# HELP a x\n# TYPE a gauge\na{b="c",} 1\n',
    ],
)
def test_the_reader_refuses_what_the_format_does_not_allow(page: str) -> None:
    with pytest.raises(AssertionError):
        read(page)


def dashboard_expressions() -> list[str]:
    """Every expression of the dashboard, its variables' included."""
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = [panel for panel in document["panels"] if panel["type"] != "row"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    found += [one["expr"] for one in document["annotations"]["list"] if "expr" in one]
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            query = variable["query"]
            found.append(query if isinstance(query, str) else query["query"])
    return found


def test_the_dashboard_asks_for_metrics_that_exist_and_for_all_that_matter() -> None:
    known = {metric.name: metric for metric in METRICS}
    used: set[str] = set()
    for expression in dashboard_expressions():
        for name, braces in re.findall(r"\b(streamkit_[a-z0-9_]+)(\{[^}]*\})?", expression):
            assert name in known, f"{name} in {expression}"
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", braces)) - {"instance", "job"}
            assert labels <= set(known[name].labels), expression
            rated = re.search(rf"(rate|increase|resets)\({name}\b", expression) is not None
            assert rated == (known[name].kind == "counter"), f"{name} in {expression}"
            used.add(name)
    unused = set(known) - used
    assert unused <= {
        "streamkit_video_width_pixels", "streamkit_video_height_pixels", "streamkit_video_keyframe_interval_seconds",
        "streamkit_audio_buffers_total", "streamkit_host_cpus", "streamkit_host_load1", "streamkit_server_streams",
        "streamkit_server_checked_timestamp_seconds", "streamkit_stream_wanted", "streamkit_sink_rebuilds_total",
        "streamkit_video_keyframes_total", "streamkit_audio_gaps_total", "streamkit_panel_start_time_seconds",
        "streamkit_gpu_info", "streamkit_container_cpu_limit_cores", "streamkit_server_healthy",
    }, f"shown nowhere: {sorted(unused)}"  # fmt: skip


def test_the_dashboard_can_be_imported_with_any_data_source() -> None:
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert document["id"] is None and document["uid"] == "streamkit" and document["schemaVersion"] >= 39
    variables = {variable["name"]: variable for variable in document["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert variables["instance"]["datasource"] == source
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in document["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["title"] and panel["description"] and panel["datasource"] == source
            assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH")[: len(panel["targets"])]
            assert panel["fieldConfig"]["defaults"]["unit"]
            for target in panel["targets"]:
                assert 'instance=~"$instance"' in target["expr"]


def test_every_state_of_the_card_that_is_told_is_in_the_catalogue(states: Any, fast: Panel) -> None:
    settings = {
        **read_document(states.folder / "supervisor.json")["settings"],
        "source": {"value": "v4l2", "origin": "plan"},
    }
    source = {"video": "v4l2", "card": "A card", "reason": ""}
    for state in ("running", "waiting", "stopped"):
        states.supervisor(state, stream={"pid": os.getpid()}, settings=settings, source=source)
        found = scrape(fast)
        assert sum(value(found, "capture_state", state=name) for name in CAPTURE_STATES) == 1
