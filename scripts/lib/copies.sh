# shellcheck shell=bash
# A backup is one tar file: database.dump (pg_dump's own format), photos/, audit_heads.jsonl, a demonstration's
# accounts, and SHA256SUMS of all but the photos.

heads=${GRIDPATROL_AUDIT_HEADS:-var/audit_heads.jsonl}
accounts=${GRIDPATROL_DEMO_ACCOUNTS:-var/demo_accounts.json}
photos=${GRIDPATROL_MEDIA_URL:-var/media}

# A URL as PostgreSQL's own programs take it.
plain_url() { echo "${1/+psycopg:/:}"; }
is_bucket() { [[ $photos == *://* ]]; }

# Copies database $1 into file $2, which is there whole or not at all. What is copied first is never ahead of what
# comes after: a noted head has its links, a row its photos.
pack() {
    local url=$1 to=$2 parts=$var/run/backup schema
    rm -rf "$parts"
    mkdir -m 700 "$parts"
    [ ! -e "$heads" ] || cp "$heads" "$parts/audit_heads.jsonl"
    [ ! -e "$accounts" ] || cp "$accounts" "$parts/demo_accounts.json"
    logged backup "$bin/pg_dump" --format=custom --file="$parts/database.dump" --dbname="$(plain_url "$url")" \
        --schema="${GRIDPATROL_SCHEMA:-haixi}" --schema="${GRIDPATROL_JOBS_SCHEMA:-jobs}"
    (cd "$parts" && sha256sum -- * >SHA256SUMS)
    logged backup tar -cf "$to.new" -C "$parts" --transform='s,^\./,,' .
    if is_bucket; then
        say "photos stay at $photos: the backup has none"
    elif [ -d "$photos" ]; then
        logged backup tar -rf "$to.new" -C "$photos" --exclude='*#*' --transform='s,^\.,photos,' .
    fi
    sync "$to.new"
    mv "$to.new" "$to"
    rm -rf "$parts"
}

# Unpacks file $1, but for its photos, into folder $2; ends if it is no backup, or not whole.
unpack() {
    rm -rf "$2"
    mkdir -m 700 "$2"
    tar -xf "$1" -C "$2" --exclude='photos/*' --exclude=photos 2>>"$var/log/restore.log" &&
        tar -tf "$1" >/dev/null 2>>"$var/log/restore.log" || die "$1 is no tar file, or not whole"
    [ -e "$2/database.dump" ] || die "$1 is no backup of Gridpatrol: there is no database.dump in it"
    (cd "$2" && sha256sum --check --quiet SHA256SUMS) >>"$var/log/restore.log" 2>&1 ||
        die "$1 is damaged: its contents are not what SHA256SUMS says"
}

# Loads an unpacked backup $1 into database $2, where nothing is, as the role of that URL; all of it, or nothing.
load_dump() {
    logged restore "$bin/pg_restore" --single-transaction --exit-on-error --no-owner --no-privileges \
        --dbname="$(plain_url "$2")" "$1/database.dump"
}

# Puts the photos of file $1 beside those that are there, and the heads $2 of the copy in the place of the later ones,
# which are kept: they prove what the copy does not have.
put_files() {
    local stamp=$3
    if is_bucket; then
        say "photos are at $photos: the backup has none"
    elif tar -tf "$1" photos >/dev/null 2>&1; then
        mkdir -p "$photos"
        tar -xf "$1" -C "$photos" --strip-components=1 --skip-old-files photos
    fi
    [ ! -e "$heads" ] || mv "$heads" "$heads.before_$stamp"
    [ ! -e "$2/audit_heads.jsonl" ] || cp "$2/audit_heads.jsonl" "$heads"
}
