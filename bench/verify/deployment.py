"""The guide's "Verify Health Checks" and "Deployment", and the limits of its "Security Hardening"."""

from __future__ import annotations

from bench.verify.check import Check, Judgement, failed, judged, ok, unknown
from bench.verify.facts import Facts, NotSeenError

NANO = 1_000_000_000
MIB = 2**20
LASTING = ("unless-stopped", "always")
SMALL_FOLDERS = ("/run/streamkit", "/tmp")
NOT_CURL_ALONE = "The same request; -s and -o leave the page itself out of Docker's record of the check."
AS_PLANNED = "As the settings say, and never more than the host has."
NO_BUILD = "There is nothing to build here: the container of the release in force is what counts."


def cpus(facts: Facts) -> Judgement:
    """Judge the CPU limit by plan and host."""
    limit = float(facts.host_config.get("NanoCpus") or 0) / NANO
    wanted = float(facts.plan.get("cpus") or facts.values["cpus"])
    has = int(facts.docker["NCPU"])
    if not limit:
        return failed("no limit")
    told = f"{limit:g} of the host's {has}" + ("" if abs(limit - wanted) < 0.01 else f"; planned are {wanted:g}")
    return judged(abs(limit - wanted) < 0.01 and limit <= has, told)


def memory(facts: Facts) -> Judgement:
    """Judge the memory limit by the setting."""
    limit, wanted = int(facts.host_config.get("Memory") or 0), int(facts.values["memory_mb"])
    if not limit:
        return failed("no limit")
    told = f"{limit // MIB} MiB" + ("" if limit == wanted * MIB else f"; the setting is {wanted} MiB")
    return judged(limit == wanted * MIB, told)


def pids(facts: Facts) -> Judgement:
    """Judge the limit of processes by the setting."""
    limit, wanted = int(facts.host_config.get("PidsLimit") or 0), int(facts.values["pids_limit"])
    if limit <= 0:
        return failed("no limit")
    return judged(limit == wanted, f"{limit}" + ("" if limit == wanted else f"; the setting is {wanted}"))


def health_command(facts: Facts) -> Judgement:
    """Judge what the health check asks."""
    test = (facts.inspect["Config"].get("Healthcheck") or {}).get("Test") or []
    wanted = f":{facts.values['panel_port']}/"
    words = " ".join(test[1:])
    fails = any(word.startswith("-") and not word.startswith("--") and "f" in word for word in words.split())
    holds = "curl" in words and wanted in words and ("--fail" in words or fails)
    return judged(holds, words or "there is none")


def health(facts: Facts) -> Judgement:
    """Judge the container's health."""
    status = str((facts.inspect["State"].get("Health") or {}).get("Status") or "none")
    return unknown("starting; ask again in a minute") if status == "starting" else judged(status == "healthy", status)


def front_page(facts: Facts) -> Judgement:
    """Judge what the health check sees."""
    home = facts.panel["home"]
    return judged(home == 200, f"/ answers {home} without a login")


def container(facts: Facts) -> Judgement:
    """Judge whether there is a container, and whether it runs.  Never unknown: all the others rest on it."""
    try:
        state = facts.inspect["State"]
    except NotSeenError as missing:
        return failed(str(missing))
    return judged(bool(state.get("Running")), f"{state.get('Status')} since {str(state.get('StartedAt'))[:19]}")


def services(facts: Facts) -> Judgement:
    """Judge the containers of the compose project, as ``docker compose ps`` lists them."""
    found = facts.document.get("services")
    if facts.inspect and found is None:
        return unknown(facts.problem("services", "not started by compose: this container belongs to no project"))
    told = ", ".join(f"{row['name']}: {row['status']}" for row in found or [])
    return judged(bool(found) and all(row["state"] == "running" for row in found or []), told or "none")


def current(facts: Facts) -> Judgement:
    """Judge whether the container runs the image of the release in force."""
    release, image = facts.release, str(facts.inspect["Config"]["Image"])
    told = f"release {release['name']}, image {image}"
    if release["image"] is None:
        return failed(f"release {release['name']} has no docker-compose.yml")
    return judged(
        release["image"] == image, told + ("" if release["image"] == image else f"; it asks for {release['image']}")
    )


def stream(facts: Facts) -> Judgement:
    """Judge what the supervisor says of the stream."""
    found = facts.supervisor["stream"]
    told = f"{found['state']}, {found.get('script') or 'no script'}, {found.get('restarts', 0)} restarts"
    return judged(found["state"] == "running", f"{told} {found.get('reason') or ''}".strip())


def restart_policy(facts: Facts) -> Judgement:
    """Judge whether Docker starts it again."""
    policy = str((facts.host_config.get("RestartPolicy") or {}).get("Name") or "no")
    return judged(policy in LASTING, f"{policy}, restarted {facts.inspect.get('RestartCount', 0)} times")


def first_process(facts: Facts) -> Judgement:
    """Judge whether an init reaps what ends."""
    return judged(facts.host_config.get("Init") is True, "init" if facts.host_config.get("Init") else "no init")


def small_folders(facts: Facts) -> Judgement:
    """Judge the folders in memory, each with its size."""
    mounted = facts.host_config.get("Tmpfs") or {}
    sizes = {
        path: next((part[5:] for part in options.split(",") if part.startswith("size=")), None)
        for path, options in mounted.items()
    }
    missing = [path for path in SMALL_FOLDERS if path not in sizes]
    told = ", ".join(f"{path} {size or 'without a size'}" for path, size in sorted(sizes.items()))
    if missing:
        return failed(f"{', '.join(missing)}: no tmpfs")
    return judged(all(sizes.values()), told)


def log_driver(facts: Facts) -> Judgement:
    """Judge whether Docker's log of the container is bounded."""
    config = facts.host_config.get("LogConfig") or {}
    driver, options = config.get("Type"), config.get("Config") or {}
    if driver in ("local", "journald"):
        return ok(f"{driver}, bounded by itself")
    size, count = options.get("max-size"), options.get("max-file", "1")
    lines = (facts.document.get("logs") or {}).get("lines")
    told = f"{driver}, {count} files of {size}, a tail of {lines} lines read" if size else f"{driver}, without a bound"
    return judged(bool(size), told)


LIMITS = (
    Check("cpus", "CPUs", "2.0", cpus, AS_PLANNED),
    Check("memory", "Memory", "2G", memory, AS_PLANNED),
    Check("pids", "Processes", "-", pids),
)
HEALTH = (
    Check("health_command", "Health check", "curl -f http://localhost:8081/", health_command, NOT_CURL_ALONE),
    Check("health", "Status", "healthy", health),
    Check("front_page", "Panel's front page", "-", front_page),
)
DEPLOYMENT = (
    Check("container", "Container", "docker compose up -d", container),
    Check("services", "Services", "docker compose ps: all running", services),
    Check("current", "Release in force", "docker compose build", current, NO_BUILD),
    Check("stream", "Stream", "-", stream),
    Check("restart", "Restart policy", "-", restart_policy),
    Check("init", "First process", "-", first_process),
    Check("tmpfs", "Folders in memory", "-", small_folders),
    Check("log_driver", "Docker's log", "-", log_driver),
)
