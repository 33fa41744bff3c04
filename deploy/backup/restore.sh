#!/usr/bin/env bash
# Makes a data directory from a backup: `restore.sh BACKUP DATA ARCHIVE [TIME]`, as the user that the server runs as.
# BACKUP is one directory of backup.sh, DATA is created (and must not exist), ARCHIVE contains the WAL. TIME, such as
# '2026-07-01 03:20:00+08', is the recovery target; without it everything that was archived is restored.
# Starts no server. The server that is started on DATA replays the WAL, stops at TIME, and then becomes writable.
# DATA appears only when it is complete. If WAL is missing the server would stop at the gap and continue from there as if it were the
# end: so a gap ends this script, unless TIME is given (then the server refuses to start if it is not reached) or HOLES=accept.
set -euo pipefail
backup=${1:?usage: restore.sh BACKUP DATA ARCHIVE [TIME]} data=${2:?} archive=${3:?} until=${4:-}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ ! -e "$data" ] || { echo "restore.sh: $data is there already; move it away" >&2; exit 1; }
[ -d "$archive" ] || { echo "restore.sh: there is no $archive; is it mounted?" >&2; exit 1; }
case $archive$until in *\'*) echo "restore.sh: no quotes, please" >&2; exit 2 ;; esac

part=$data.part
rm -rf "$part"
trap 'rm -rf "$part"' EXIT
mkdir -m 700 "$part"
tar -xzf "$backup/base.tar.gz" -C "$part"
tar -xzf "$backup/pg_wal.tar.gz" -C "$part/pg_wal"
cp "$backup/backup_manifest" "$part/"
"$bin/pg_verifybackup" --quiet "$part"
rm "$part/backup_manifest"

# Segments are numbered one after the other: eight digits of timeline, eight of which four gigabytes, eight of which piece of them.
holes() {
    local first piece last='' at file
    first=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$part/backup_label")
    piece=$("$bin/pg_controldata" "$part" | sed -n 's/^Bytes per WAL segment: *//p')
    [ -e "$archive/$first" ] || echo "$first, with which this backup begins, is not in $archive"
    while read -r file; do
        at=$((16#${file:8:8} * (4294967296 / piece) + 16#${file:16:8}))
        [ -z "$last" ] || [ "$at" -le $((last + 1)) ] || echo "$((at - last - 1)) segments before $file are not in $archive"
        last=$at
    done < <(ls "$archive" | grep -E '^[0-9A-F]{24}$' | awk -v from="${first:8}" 'substr($0, 9) >= from' | sort -k1.9)
}
missing=$(holes)
if [ -n "$missing" ]; then
    echo "restore.sh: WAL is missing:" >&2
    echo "$missing" >&2
    if [ -z "$until" ] && [ "${HOLES:-}" != accept ]; then
        echo "restore.sh: find it, or give a TIME before the hole, or HOLES=accept to lose all that came after it" >&2
        exit 1
    fi
fi
{
    echo "restore_command = 'cp \"$archive/%f\" \"%p\"'"
    echo "recovery_target_timeline = 'latest'"
    echo "recovery_target_action = 'promote'"
    [ -z "$until" ] || echo "recovery_target_time = '$until'"
} >>"$part/postgresql.auto.conf"
touch "$part/recovery.signal"
sync -f "$part/recovery.signal"
mv "$part" "$data"
trap - EXIT
echo "$data"
