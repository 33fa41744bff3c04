#!/usr/bin/env bash
# A backup becomes a data directory again: `restore.sh BACKUP DATA ARCHIVE [TIME]`, as the user that the server runs as.
# BACKUP is one directory of backup.sh, DATA is made (and must not be there), ARCHIVE holds the WAL. TIME, such as
# '2026-07-01 03:20:00+08', is the moment to go back to; without it everything that was archived comes back.
# Starts nothing. The server that is started on DATA replays the WAL, stops at TIME, and becomes writable by itself.
set -euo pipefail
backup=${1:?usage: restore.sh BACKUP DATA ARCHIVE [TIME]} data=${2:?} archive=${3:?} until=${4:-}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ ! -e "$data" ] || { echo "restore.sh: $data is there already; move it away" >&2; exit 1; }
case $archive$until in *\'*) echo "restore.sh: no quotes, please" >&2; exit 2 ;; esac

mkdir -m 700 "$data"
tar -xzf "$backup/base.tar.gz" -C "$data"
tar -xzf "$backup/pg_wal.tar.gz" -C "$data/pg_wal"
cp "$backup/backup_manifest" "$data/"
"$bin/pg_verifybackup" --quiet "$data"
rm "$data/backup_manifest"
{
    echo "restore_command = 'cp \"$archive/%f\" \"%p\"'"
    echo "recovery_target_timeline = 'latest'"
    echo "recovery_target_action = 'promote'"
    [ -z "$until" ] || echo "recovery_target_time = '$until'"
} >>"$data/postgresql.auto.conf"
touch "$data/recovery.signal"
sync -f "$data/recovery.signal"
echo "$data"
