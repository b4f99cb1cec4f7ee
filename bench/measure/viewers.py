"""How many viewers one host serves: what each of them costs, and from how many on the delay doubles.

The scenario streams, one real Chromium watches and tells the delay, and beside it more and more WebRTC sessions watch as
well: those run in containers of their own on Docker's bridge, so in network namespaces, decrypt every packet, and decode
nothing.  They are on the same machine, so what they take is told apart; a host whose viewers are elsewhere serves more.
The sink encodes once for all: that the encoder's CPU and rate stay as they are is measured, not taken for granted.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.measure.suites import Details, Figures, Options
from bench.scenario import Scenario
from bench.stream.cgroup import ControlGroup, group_of
from bench.stream.container import Running, refusal_in, started
from bench.stream.relay import relayed
from bench.stream.run import Measured, Watch, run_started, watch_in_browser
from bench.viewer.score import score
from streamkit.docker_command import docker, run_docker
from streamkit.errors import UnavailableError

SECONDS, SETTLE_S = 15.0, 3.0
"""Of each step; joining costs handshakes and key frames, and what is measured is watching."""
STEPS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Viewers in all, Chromium among them."""
LIKELY_STEPS = 8
"""For the time that is told as left; how many it takes is what is measured."""
DOUBLES = 2.0
LOST_PERCENT = 10.0
"""A stream that loses more than this of its frames serves nobody: further steps would measure the collapse."""
JOIN_WITHIN_S = 60.0
PROGRAM = Path(__file__).parents[1] / "stream" / "receivers.py"


@dataclass(frozen=True)
class Step:
    """One number of viewers.  CPU in percent of one core; ``others_cpu_percent`` is what the added viewers took."""

    viewers: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    drop_percent: float | None
    encoded_fps: float
    encoder_cpu_percent: float | None
    stream_cpu_percent: float
    others_cpu_percent: float
    sent_kbps: float
    packets_lost: int


def measure(scenario: Scenario, options: Options) -> tuple[Figures, Details]:
    """Add viewers until the delay's p99 has doubled.  Raises UnavailableError where they cannot be had."""
    from bench.stream.prepare import prepare  # here: it needs the renderer, which a managed host has not

    prepared = prepare(scenario)
    with started(prepared) as running:
        steps = list(climb(running, options.seconds or SECONDS, STEPS, options.tell))
    return figures_of(steps), {
        "scenario": prepared.scenario,
        "image": prepared.image,
        "offered_fps": prepared.offered_fps,
        "steps": [asdict(step) for step in steps],
        "ended": why_it_ended(steps),
        "machine": {"image": prepared.image, "offered_fps": prepared.offered_fps},
    }


def climb(
    running: Running,
    seconds: float,
    counts: Sequence[int],
    tell: Callable[[str], None],
    watch: Watch = watch_in_browser,
) -> Iterator[Step]:
    """Yield a step for each number of viewers, until one is too many."""
    first: Step | None = None
    others: list[Others] = []
    with contextlib.ExitStack() as stack:
        gateway = run_docker(["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]).strip()
        port = stack.enter_context(relayed(gateway, running.prepared.whep_port))
        address = f"http://{gateway}:{port}/whep/endpoint"
        for count in counts:
            wanted = count - 1 - sum(group.count for group in others)
            if wanted:
                others.append(stack.enter_context(joined(running, wanted, address)))
                _until_served(running, count - 1)
            step = _step(running, count, seconds, others, watch)
            tell(f"{count} viewer{'' if count == 1 else 's'}: {_told(step)}")
            yield step
            first = first or step
            if too_many(first, step):
                return


@dataclass(frozen=True)
class Others:
    """A container with viewers in it: its control group, and how many they are."""

    group: ControlGroup
    count: int


@contextlib.contextmanager
def joined(running: Running, count: int, address: str) -> Iterator[Others]:
    """Let ``count`` more viewers watch ``address`` until the end of the block.  Raises UnavailableError where they do not start."""
    name = f"bench-viewers-{secrets.token_hex(4)}"
    words = ["--detach", "--name", name, "--pull", "never", "--label", "streamkit.bench", "--network", "bridge"]
    words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/tmp"]
    words += ["--volume", f"{PROGRAM}:/bench/receivers.py:ro", "--entrypoint", "python3"]
    done = docker(["run", *words, running.prepared.image, "-P", "/bench/receivers.py", address, str(count)])
    try:
        if done.returncode != 0:
            raise UnavailableError(f"The viewers cannot be started: {refusal_in(done.stderr)}.")
        pid = int(run_docker(["inspect", "--format", "{{.State.Pid}}", name]))
        yield Others(group_of(pid), count)
    finally:
        # They take their leave: a viewer that vanished would be waited for half a minute.
        docker(["stop", "--time", "10", name])
        docker(["rm", "--force", "--volumes", name])


def too_many(first: Step, step: Step) -> bool:
    """Return whether a step's delay is twice that of the first, or the stream falls apart."""
    if step.latency_p99_ms is None or (step.drop_percent or 0.0) > LOST_PERCENT:
        return True
    return first.latency_p99_ms is not None and step.latency_p99_ms >= DOUBLES * first.latency_p99_ms


def figures_of(steps: Sequence[Step]) -> Figures:
    """Return what the steps say.  The cost of one viewer is the slope over the steps that are not too many."""
    first, last = steps[0], steps[-1]
    held = [step for step in steps if not too_many(first, step)]
    figures: Figures = {
        "viewers_held": float(held[-1].viewers) if held else 0.0,
        "viewer_p99_ms": first.latency_p99_ms,
        "viewer_cost_percent": slope([(step.viewers, step.stream_cpu_percent) for step in held]),
        "viewer_kbps": slope([(step.viewers, step.sent_kbps) for step in held]),
        "encoder_growth_percent": growth(held),
    }
    if too_many(first, last):
        figures["viewers_too_many"] = float(last.viewers)
    return figures


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the least squares' slope; None for fewer than two different places."""
    count = len(points)
    if len({x for x, _ in points}) < 2:
        return None
    middle_x, middle_y = (sum(point[axis] for point in points) / count for axis in (0, 1))
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / sum((x - middle_x) ** 2 for x, _ in points)


def growth(steps: Sequence[Step]) -> float | None:
    """Return by how many percent a frame's encoding costs more with most viewers than with one; an encoder for each
    viewer would be hundreds."""
    costs = [
        step.encoder_cpu_percent / step.encoded_fps for step in steps if step.encoder_cpu_percent and step.encoded_fps
    ]
    return (costs[-1] / costs[0] - 1) * 100 if len(costs) > 1 else None


def why_it_ended(steps: Sequence[Step]) -> str:
    """Return in a sentence what stopped the climb."""
    first, last = steps[0], steps[-1]
    if not too_many(first, last):
        return f"{last.viewers} viewers, the most that are tried, were served with less than twice the delay."
    if last.latency_p99_ms is None or (last.drop_percent or 0.0) > LOST_PERCENT:
        return f"With {last.viewers} viewers the stream fell apart: {_told(last)}."
    return f"With {last.viewers} viewers the p99 of the delay was {last.latency_p99_ms:.1f} ms, with one {first.latency_p99_ms:.1f}."


def lines(figures: Figures, details: Details) -> list[str]:
    """Return a run for a terminal."""
    shown = ["viewers   p50 ms   p99 ms   lost %    fps   streaming   encoder   the others    sent"]
    for row in details["steps"]:
        step = Step(**row)
        shown.append(
            f"{step.viewers:>7}{_cell(step.latency_p50_ms, 9)}{_cell(step.latency_p99_ms, 9)}{_cell(step.drop_percent, 9, 2)}"
            f"{_cell(step.encoded_fps, 7)}{_cell(step.stream_cpu_percent, 10)} %{_cell(step.encoder_cpu_percent, 8)} %"
            f"{_cell(step.others_cpu_percent, 11)} %{step.sent_kbps / 1000:>6.1f} Mbit/s"
        )
    cost, rate = figures["viewer_cost_percent"], figures["viewer_kbps"]
    if cost is not None and rate is not None:
        shown.append(f"One more viewer costs {cost:.2f} % of a core and {rate / 1000:.2f} Mbit/s.")
    return [*shown, details["ended"]]


def _cell(value: float | None, width: int, digits: int = 1) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"


def _told(step: Step) -> str:
    p99 = "no picture" if step.latency_p99_ms is None else f"p99 {step.latency_p99_ms:.1f} ms"
    lost = "" if step.drop_percent is None else f", {step.drop_percent:.1f} % lost"
    return f"{p99}{lost}, streaming takes {step.stream_cpu_percent:.0f} % of a core"


def _until_served(running: Running, count: int) -> None:
    """Wait until ``count`` viewers are sent to.  Raises UnavailableError where they are not within JOIN_WITHIN_S."""
    deadline = time.monotonic() + JOIN_WITHIN_S
    served = 0
    while time.monotonic() < deadline:
        running.check()
        document = running.launch()
        served = sum(row["bytes_sent"] > 0 for row in document["viewers"]) if document else 0
        if served >= count:
            return
        time.sleep(0.2)
    raise UnavailableError(f"Of {count} viewers {served} are served after {JOIN_WITHIN_S:g} s.")


def _step(running: Running, count: int, seconds: float, others: Sequence[Others], watch: Watch) -> Step:
    begun, before = time.monotonic(), [one.group.cpu_s() for one in others]
    run = run_started(running, seconds, SETTLE_S, "idle", watch)
    passed_s = time.monotonic() - begun
    used = sum(one.group.cpu_s() - earlier for one, earlier in zip(others, before, strict=True)) / passed_s * 100
    return step_of(run, count, used)


def step_of(run: Measured, count: int, others_cpu_percent: float) -> Step:
    """Return what one run says of so many viewers.  Pure."""
    found = score(run.result.samples) if run.result is not None else None
    documents = [sample.launch for sample in run.window if sample.launch]
    first, last = documents[0], documents[-1]
    lasted_s = last["sampled_at"] - first["sampled_at"]
    earlier = {row["id"]: row for row in first["viewers"]}
    sent = sum(row["bytes_sent"] - earlier[row["id"]]["bytes_sent"] for row in last["viewers"] if row["id"] in earlier)
    return Step(
        viewers=count,
        latency_p50_ms=found.latency_p50_ms if found else None,
        latency_p99_ms=found.latency_p99_ms if found else None,
        drop_percent=run.frames.drop_percent,
        encoded_fps=(last["video"]["encoded"] - first["video"]["encoded"]) / lasted_s,
        encoder_cpu_percent=run.cpu.encoder,
        stream_cpu_percent=run.cpu.processes["stream"],
        others_cpu_percent=others_cpu_percent,
        sent_kbps=sent * 8 / 1000 / lasted_s,
        packets_lost=sum(row["packets_lost"] or 0 for row in last["viewers"]),
    )
