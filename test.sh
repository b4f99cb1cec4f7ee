#!/usr/bin/env bash
# Every check of this project, from a clean clone, with whatever it needs installed first.
set -Eeuo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
venv="$root/.venv"
started_daemon=

usage() {
    cat <<'TEXT'
Usage: ./test.sh [PART ...]      (root, on Debian 12 or 13)

Without a part: everything. It takes about an hour the first time, because a container image is compiled and a virtual
machine is made; both are kept for the next time.

  quick     lint, types and unit tests: the inner loop, five minutes
  lint      ruff, mypy, yamllint, ansible-lint, shellcheck, hadolint
  unit      tests that need nothing but Python
  ansible   wrong settings, really handed to the playbook
  browser   the panel's pages in Chromium, behind proxies, and with a thousand viewers
  machine   ./install.sh on fresh Debian 13 and 12, and the picture of every encoder in a browser
  image     launcher, trial encodes and scripts inside the image that the machines built
  vm        a virtual machine with a capture card, provisioned over ssh, watched from outside

By name only, because they take long:

  bench     what the launcher costs beside gst-launch-1.0, interleaved (needs the image that machine builds), and the
            panel beside a polling one and Glances
  fleet20   1, 5 and 20 hosts in one run each, some of the twenty broken: time and memory (needs that image, 8 GB of memory)
  fuzz      100,000 damaged texts through the parsers (2,000 are a part of unit), 20,000 malformed requests at the panel
            (500 are), and a day's events through panel and page

What browser, machine, image and vm watch shares two processors with what is watched: a test of theirs that failed is
tried once more, and named at the end and in build/report.json with what it said at first. What is wrong with the stream
is wrong twice, and of one run three tests at most get a second attempt; those of unit and ansible never do.

Words after -- go to pytest (bench: to the benchmark):  ./test.sh unit -- -k supervisor

Nothing here touches a container called gaming-streamer on this machine's Docker: the streamers under test live in
machines of their own. What is kept lies in ~/.cache/streamkit-tests (STREAMKIT_TEST_CACHE) and in Docker volumes and
images labelled streamkit.test.
TEXT
}

say() {
    printf '\n==> %s\n' "$1"
}

fail() {
    printf 'test.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

check_machine() {
    # shellcheck source=/dev/null
    [[ -r /etc/os-release ]] && . /etc/os-release
    if [[ ${ID:-} != debian || (${VERSION_ID:-} != 12 && ${VERSION_ID:-} != 13) ]]; then
        fail "this machine runs ${PRETTY_NAME:-an unknown system}; the tests need Debian 12 or 13." 2
    fi
    if ((EUID != 0)); then
        fail 'the tests need root: they install packages, make network namespaces and run a Docker daemon.' 2
    fi
}

install_packages() {
    local package missing=()
    for package in "$@"; do
        if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            missing+=("$package")
        fi
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    say "Installing ${missing[*]}"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# Unpacked into the tests' cache and not installed: Debian's packages would start web servers on this machine.
unpack_packages() {
    local package cache="${STREAMKIT_TEST_CACHE:-$HOME/.cache/streamkit-tests}/programs" folder
    for package in "$@"; do
        if [[ -d $cache/$package ]]; then
            continue
        fi
        say "Unpacking $package"
        apt-get -qq update
        mkdir -p "$cache"
        folder=$(mktemp -d "$cache/.new-XXXXXX")
        # What _apt may not read, root fetches itself; saying so is not worth a warning.
        (cd -- "$folder" && apt-get -qq -o APT::Sandbox::User=root download "$package" && dpkg-deb --extract ./*.deb "$folder/tree")
        mv -- "$folder/tree" "$cache/$package"
        rm -r -- "$folder"
    done
}

install_python() {
    local wanted stamp="$venv/.test-stamp"
    wanted=$(cat "$root/requirements-dev.txt" "$root/pyproject.toml" | sha256sum | cut -d ' ' -f 1)
    if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
        return
    fi
    say 'Installing the Python packages of requirements-dev.txt'
    export PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        /usr/bin/python3 -m venv --clear "$venv"
    fi
    "$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$root/requirements-dev.txt"
    "$venv/bin/python" -m pip install --quiet --no-deps --editable "$root"
    printf '%s\n' "$wanted" >"$stamp"
}

# Debian's own client: another docker first on the PATH may belong to a daemon elsewhere.
docker_answers() {
    /usr/bin/docker info >/dev/null 2>&1
}

start_docker() {
    local packages=(docker.io)
    if apt-cache show docker-cli >/dev/null 2>&1; then
        packages+=(docker-cli)
    fi
    install_packages "${packages[@]}"
    if docker_answers; then
        return
    fi
    say 'Starting a Docker daemon'
    mkdir -p "$root/build/logs"
    setsid dockerd >"$root/build/logs/dockerd.log" 2>&1 </dev/null &
    started_daemon=$!
    local second
    for ((second = 0; second < 60; second++)); do
        if docker_answers; then
            return
        fi
        sleep 1
    done
    tail -n 20 "$root/build/logs/dockerd.log" >&2
    fail 'the Docker daemon does not answer after 60 s; its log is above.'
}

# Ends only the daemon that this run started.
clean_up() {
    if [[ -n $started_daemon ]] && kill -0 "$started_daemon" 2>/dev/null; then
        kill "$started_daemon"
        wait "$started_daemon" || printf 'the Docker daemon ended with status %s\n' "$?"
    fi
}

lint() {
    say 'lint: ruff, mypy, yamllint, ansible-lint, shellcheck, hadolint'
    "$venv/bin/ruff" check --quiet .
    "$venv/bin/ruff" format --check --quiet .
    "$venv/bin/mypy"
    "$venv/bin/yamllint" --strict .
    "$venv/bin/ansible-lint" --offline -q
    mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
    "$venv/bin/shellcheck" -x -P SCRIPTDIR "${scripts[@]}"
    "$venv/bin/hadolint" templates/container/Dockerfile bench/baselines/image/Dockerfile.before
}

part() {
    local name=$1
    shift
    say "$name"
    "$venv/bin/python" -m pytest "$@"
}

main() {
    local parts=() pytest_words=() name
    while (($#)); do
        case $1 in
            -h | --help)
                usage
                return
                ;;
            --)
                shift
                pytest_words=("$@")
                break
                ;;
            quick) parts+=(lint unit) ;;
            lint | unit | ansible | browser | machine | image | vm | bench | fleet20 | fuzz) parts+=("$1") ;;
            *) fail "there is no part called '$1'; ./test.sh --help lists them." 2 ;;
        esac
        shift
    done
    if ((${#parts[@]} == 0)); then
        parts=(lint unit ansible browser machine image vm)
    fi

    check_machine
    cd -- "$root"
    export LC_ALL=C.UTF-8 PATH="$venv/bin:$PATH"
    trap clean_up EXIT
    install_packages python3-venv ca-certificates git
    install_python
    local marks=()
    for name in "${parts[@]}"; do
        case $name in
            lint) lint ;;
            unit) part unit -m 'not (ansible or browser or machine or image or vm)' "${pytest_words[@]}" ;;
            bench)
                start_docker
                say bench
                "$venv/bin/python" -m tests.launcher.benchmark "${pytest_words[@]}"
                install_packages chromium curl
                "$venv/bin/bench" measure panel --out build/panel.jsonl
                ;;
            fleet20)
                install_packages debootstrap iptables openssh-client
                start_docker
                say fleet20
                "$venv/bin/python" -m tests.fleet.twenty "${pytest_words[@]}"
                ;;
            fuzz)
                install_packages chromium
                STREAMKIT_FUZZ_INPUTS=100000 STREAMKIT_EVENTS=43200 part fuzz --timeout 3600 \
                    tests/streamkit/parse/test_fuzz.py tests/streamkit/panel/hostile/test_fuzz.py \
                    tests/streamkit/panel/hostile/test_memory.py "${pytest_words[@]}"
                ;;
            ansible) marks+=(ansible) ;;
            browser)
                install_packages chromium curl openssl
                unpack_packages nginx caddy
                marks+=(browser)
                ;;
            machine)
                install_packages chromium debootstrap iptables openssh-client
                start_docker
                marks+=(machine)
                ;;
            image)
                # The image comes from a fresh machine, which builds it where no earlier run has left it.
                install_packages chromium debootstrap iptables
                start_docker
                marks+=(image)
                ;;
            vm)
                install_packages chromium debootstrap e2fsprogs iproute2 openssh-client qemu-system-x86 qemu-utils
                start_docker
                marks+=(vm)
                ;;
        esac
    done
    # One run, in the order of the files: the virtual machine takes the image that the fresh machine built.
    if ((${#marks[@]} > 0)); then
        local wanted=${marks[*]}
        part "$wanted" -m "${wanted// / or }" "${pytest_words[@]}"
    fi
}

main "$@"
