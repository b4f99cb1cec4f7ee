#!/usr/bin/env bash
# From a fresh Debian and this checkout to a running streamer. Run it again at any time: it repairs what an
# interrupted run left, and otherwise changes nothing.
set -Eeuo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
venv="$root/.venv"
supported='Debian 12, Debian 13 or Ubuntu 24.04'

usage() {
    cat <<'TEXT'
Usage: ./install.sh [ARGUMENT OF ansible-playbook ...]

Turns this machine (Debian 12 or 13, or Ubuntu 24.04; as root) into a streamer: installs what is missing, builds the
image, starts the container, and prints the panel's address. Without a capture card it streams a moving test picture
and a tone.

  ./install.sh                                   everything
  ./install.sh --check                           look only: say what would be done
  ./install.sh -e streamkit_bitrate_kbps=6000    with a setting (lasting ones go into inventory/group_vars/all.yml)
  ./install.sh --tags release,streamer           bring changed settings to the running container, in seconds

Other machines are provisioned over ssh: see inventory/hosts.yml.
TEXT
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

say() {
    printf '==> %s\n' "$1"
}

check_machine() {
    local id version name
    if [[ ! -r /etc/os-release ]]; then
        fail "this is neither Debian nor Ubuntu (there is no /etc/os-release); $supported is needed." 2
    fi
    # shellcheck source=/dev/null
    read -r id version name < <(. /etc/os-release && printf '%s %s %s\n' "${ID:-unknown}" "${VERSION_ID:-unknown}" "${PRETTY_NAME:-}")
    # The same systems as in streamkit/plan/systems.py, which cannot be asked before Python is there.
    case "$id $version" in
        'debian 12' | 'debian 13' | 'ubuntu 24.04') ;;
        *) fail "this machine runs ${name:-$id}; $supported is needed." 2 ;;
    esac
    if ((EUID != 0)); then
        fail 'this needs root; run it as: sudo ./install.sh' 2
    fi
}

missing_packages() {
    local package
    for package in python3 python3-venv ca-certificates; do
        if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            printf '%s\n' "$package"
        fi
    done
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install --yes --no-install-recommends "$@" </dev/null
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    if ((${#packages[@]} == 0)); then
        return
    fi
    say "Installing ${packages[*]}"
    # The lists of a fresh machine are empty, those of an old one may name versions that the mirror no longer has.
    if ! apt-cache show --no-all-versions "${packages[@]}" >/dev/null 2>&1 || ! apt_install "${packages[@]}"; then
        apt-get -o DPkg::Lock::Timeout=300 -qq update
        apt_install "${packages[@]}"
    fi
}

# What the virtual environment is made from. Its path counts: the programs in it name their interpreter in full.
wanted_stamp() {
    {
        printf '%s\n' "$root"
        python3 --version
        sha256sum <"$root/requirements.txt"
        sha256sum <"$root/pyproject.toml"
    } | sha256sum | cut -d ' ' -f 1
}

# A virtual environment can be built upon unless it is broken, was moved, or an installation into it was interrupted.
venv_is_sound() {
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 &&
        [[ $(<"$venv/pyvenv.cfg") == *" $venv"* && ! -e $venv/.streamkit-installing ]]
}

install_project() {
    local stamp="$venv/.streamkit-stamp" wanted
    wanted=$(wanted_stamp)
    if [[ -f $stamp && $(<"$stamp") == "$wanted" && ! -e $venv/.streamkit-installing ]]; then
        return
    fi
    # Where the machine has its own certificate authorities, pip must know them as well.
    export PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    if ! venv_is_sound; then
        say 'Making a virtual environment'
        python3 -m venv --clear "$venv"
    fi
    say 'Installing streamkit and what it needs (a minute or two)'
    : >"$venv/.streamkit-installing"
    "$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$root/requirements.txt"
    "$venv/bin/python" -m pip install --quiet --no-deps --editable "$root"
    printf '%s\n' "$wanted" >"$stamp"
    rm "$venv/.streamkit-installing"
}

summary() {
    local known="$root/build/localhost" shown="$root/build/token-shown" read_place token
    printf '\n'
    "$venv/bin/streamkit" report "$known"
    read_place='import json, sys; print(json.load(open(sys.argv[1], encoding="utf-8"))["settings"]["secrets_dir"])'
    token=$("$venv/bin/python" -c "$read_place" "$known/settings.json")/panel_token
    # Once, and only to a person: what is printed into a pipe ends up in a log.
    if [[ -t 1 && ! $shown -nt $token ]]; then
        printf '  Token    %s\n           (shown once; again with: sudo cat %s)\n' "$(<"$token")" "$token"
        : >"$shown"
    else
        printf '  Token    sudo cat %s\n' "$token"
    fi
    printf '\n'
}

# Whether what was asked for is a running streamer, and not only a look at what would be done.
wants_summary() {
    local argument
    for argument in "$@"; do
        case $argument in
            -C | --check | --list-* | --syntax-check | --tags* | -t* | --skip-tags* | --version) return 1 ;;
        esac
    done
}

main() {
    local argument
    for argument in "$@"; do
        if [[ $argument == -h || $argument == --help ]]; then
            usage
            return
        fi
    done
    check_machine

    # Ansible refuses to run in a locale that is not UTF-8, and a fresh machine has only this one.
    export LC_ALL=C.UTF-8
    mkdir -p "$root/build"
    exec {lock}>"$root/build/install.lock"
    if ! flock --nonblock "$lock"; then
        fail "another ./install.sh is running in $root; wait until it is done."
    fi

    install_packages
    install_project

    # From the checkout, so that relative paths in the inventory mean the same wherever this is called from.
    cd -- "$root"
    ANSIBLE_CONFIG="$root/ansible.cfg" "$venv/bin/ansible-playbook" -i inventory/localhost.yml playbooks/site.yml "$@" {lock}>&-
    if wants_summary "$@"; then
        summary
    fi
}

main "$@"
