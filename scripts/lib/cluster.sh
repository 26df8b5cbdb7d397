# shellcheck shell=bash
# Private PostgreSQL clusters: `db` keeps the product's data, `test-db` and `bench-db` begin anew each time. They
# listen on a socket in a private folder and nowhere else, and leave every other server on this machine alone.

SOCKET_PATH_MAX=107 # bytes, Linux

# The folder of the newest server from 15 on that has PostGIS, or of version $1.
server_bin() {
    local version
    for version in {30..15}; do
        [ "${1:-$version}" = "$version" ] || continue
        [ -x "/usr/lib/postgresql/$version/bin/postgres" ] || continue
        [ -e "/usr/share/postgresql/$version/extension/postgis.control" ] || continue
        echo "/usr/lib/postgresql/$version/bin"
        return
    done
    return 1
}

# Debian starts a cluster of its own with a new server package; not on our account.
install_server() {
    local version quiet=/etc/postgresql-common/createcluster.d/zz-gridpatrol.conf
    apt_update_once
    version=$(apt-cache pkgnames postgresql- | sed -n 's/^postgresql-\([0-9]*\)-postgis-3$/\1/p' | sort -n | tail -n 1)
    [ "${version:-0}" -ge 15 ] || die "apt has no PostGIS for PostgreSQL 15 or newer"
    as_root install -D -m 644 /dev/stdin "$quiet" <<<'create_main_cluster = false'
    apt_install "postgresql-$version" "postgresql-$version-postgis-3"
    as_root rm -f "$quiet"
}

ensure_server() {
    server_bin >/dev/null || install_server
}

# PostgreSQL does not run as root: then its files belong to, and its programs run as, the user postgres.
as_owner() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
owner_can_reach() { as_owner test -x "$1"; }

# A folder that belongs to that user and is closed to all others.
owner_folder() {
    local owner
    owner=$(as_owner id -un)
    if [ -e "$1" ] || [ -L "$1" ]; then
        [ "$(stat -c %U "$1")" = "$owner" ] || die "$1 belongs to $(stat -c %U "$1"), not to $owner; run this as before"
    elif [ "$owner" = "$(id -un)" ]; then
        mkdir -m 700 "$1"
    else
        install -d -m 700 -o "$owner" "$1"
    fi
}

# Where cluster $1 lives: under var/, unless the user postgres cannot get there (as in root's home).
cluster_home() {
    local mark
    mark=$(printf %s "$root" | sha256sum | cut -c1-12)
    if owner_can_reach "$var"; then echo "$var/$1"; return; fi
    install -d -m 755 "/var/lib/gridpatrol/$mark"
    echo "/var/lib/gridpatrol/$mark/$1"
}

# The folder of its socket: beside the data, unless that path is too long or holds signs that a URL would mangle.
cluster_socket() {
    local folder=$1/run mark
    if [[ ${#folder} -gt $((SOCKET_PATH_MAX - 14)) || $folder =~ [^A-Za-z0-9/._-] ]]; then
        mark=$(printf %s "$1" | sha256sum | cut -c1-12)
        folder=${XDG_RUNTIME_DIR:-/tmp}/gridpatrol-$mark
        [ "$(id -u)" != 0 ] || folder=/tmp/gridpatrol-$mark
    fi
    echo "$folder"
}

cluster_ctl() { as_owner "$bin/pg_ctl" -D "$home/data" -s "$@"; }
cluster_psql() { as_owner "$bin/psql" -qXAt -v ON_ERROR_STOP=1 -h "$socket" -U postgres "$@"; }

init_cluster() {
    say "making a private database cluster in $home"
    rm -rf "$home/data.new"
    logged initdb as_owner "$bin/initdb" -D "$home/data.new" --data-checksums --encoding=UTF8 --locale=C.UTF-8 \
        --username=postgres --auth=trust
    echo "include 'gridpatrol.conf'" >>"$home/data.new/postgresql.conf"
    mv "$home/data.new" "$home/data"
}

start_cluster() {
    local name=$1
    [ "$name" = db ] || rm -rf "$home/data"
    [ -e "$home/data/PG_VERSION" ] || init_cluster
    cp docker/postgresql.conf "$home/data/gridpatrol.conf"
    chmod 644 "$home/data/gridpatrol.conf"
    logged "$name" plain cluster_ctl start -w -t 120 -o "-c listen_addresses='' -c unix_socket_directories='$socket'"
}

# Has cluster $1 running; sets bin, home and socket. Several scripts may use it at once: the last one out stops it.
cluster_up() {
    ensure_server
    home=$(cluster_home "$1")
    owner_folder "$home"
    socket=$(cluster_socket "$home")
    owner_folder "$socket"
    bin=$(server_bin "$(cat "$home/data/PG_VERSION" 2>/dev/null || true)") ||
        die "$home/data was made by PostgreSQL $(cat "$home/data/PG_VERSION"), which is not here with PostGIS"
    exec 8>"$var/house.lock" 7>"$var/$1.lock"
    flock 8
    flock -s 7
    cluster_ctl status >/dev/null 2>&1 || start_cluster "$1"
    exec 8>&-
}

cluster_pid() { head -n 1 "$home/data/postmaster.pid" 2>/dev/null || true; }

# Starts the product's cluster again after a crash; what was committed is there. Its old processes may need a moment.
revive_cluster() {
    local times
    say "the database has ended by itself (see var/log/db.log); starting it again"
    for times in {1..10}; do
        if (start_cluster db) 2>/dev/null; then return; fi
        sleep 1
    done
    die "the database does not start; see var/log/db.log"
}

cluster_down() {
    flock -n -x 7 2>/dev/null || return 0
    cluster_ctl stop -m fast -w || true
    exec 7>&-
}

database_url() { echo "postgresql+psycopg://$1@/$2?host=$socket"; }

has_database() { [ "$(cluster_psql -d postgres -c "select 1 from pg_database where datname = '$1'")" = 1 ]; }

drop_database() { cluster_psql -d postgres -c "drop database if exists $1 with (force)"; }

make_database() {
    cluster_psql -d postgres -c "create database $1"
    prepare_database "$1"
}

# Renames databases that nobody uses, from each to the next, all of them or none.
rename_databases() {
    local statements=
    while [ $# -gt 0 ]; do
        statements+="alter database $1 rename to $2;"
        shift 2
    done
    cluster_psql -d postgres -c "begin; $statements commit"
}

# The product's database: that of GRIDPATROL_DATABASE_URL, or else the private one. Sets private, bin, and in owner_url
# the role that owns the tables, of which only a migration gets to know.
open_database() {
    owner_url=${GRIDPATROL_MIGRATE_URL:-}
    unset GRIDPATROL_MIGRATE_URL
    private=
    if [ -n "${GRIDPATROL_DATABASE_URL:-}" ]; then
        bin=$(server_bin || true)
        return
    fi
    private=yes
    cluster_up db
    owner_url=$(database_url gridpatrol_owner gridpatrol)
    GRIDPATROL_DATABASE_URL=$(database_url gridpatrol gridpatrol)
    export GRIDPATROL_DATABASE_URL
}

# Names the stamp of a database that was empty when we came, so that the demonstration may go there.
demonstration_mark() { echo "demonstration-$(printf %s "$GRIDPATROL_DATABASE_URL" | sha256sum | cut -c1-12)"; }

# Its roles and extensions, also of one that an older version made.
prepare_database() { cluster_psql -d "$1" <docker/db.sql; }
