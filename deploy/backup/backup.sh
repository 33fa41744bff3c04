#!/usr/bin/env bash
# A base backup of the database and a list of the bucket: `backup.sh DIR`, with DATABASE_URL and the bucket's S3_… in the environment.
# Creates DIR/<UTC time>/ with the data directory (`base.tar.gz`, `pg_wal.tar.gz`, `backup_manifest`) and `objects.jsonl`. It appears
# under that name only when it is complete and its files have the digests of its manifest. Prints its path.
# WAL is archived by the server (archive-wal.sh); the bucket keeps its own history (versioning, or a copy by its own tool):
# `objects.jsonl` lists the objects. KEEP=7 keeps the newest seven and, with ARCHIVE=DIR, the WAL that they need.
# One at a time; the files of a killed run are deleted by the next. Nothing old is deleted before the new one is complete.
set -euo pipefail
# It contains all personal data.
umask 077
dir=${1:?usage: backup.sh DIR}
: "${DATABASE_URL:?DATABASE_URL is not set}"
case ${KEEP:-1} in *[!0-9]* | 0*) echo "backup.sh: KEEP is a number of backups, at least 1" >&2; exit 2 ;; esac
reelmill=${REELMILL:-reelmill}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
tool() { if [ -n "$bin" ] && [ -x "$bin/$1" ]; then echo "$bin/$1"; else command -v "$1"; fi; }

name=$(date -u +%Y-%m-%dT%H%M%SZ)
mkdir -p "$dir"
exec 9>"$dir/.lock"
flock -n 9 || { echo "backup.sh: another one is at work on $dir" >&2; exit 1; }
rm -rf "$dir"/.20*Z.part
part=$dir/.$name.part
trap 'rm -rf "$part"' EXIT
"$(tool pg_basebackup)" --dbname="$DATABASE_URL" --pgdata="$part" --format=tar --gzip --wal-method=stream --checkpoint=fast \
    --manifest-checksums=SHA256 --no-password

# pg_verifybackup of PostgreSQL before 18 reads directories only.
check=$part/.check
mkdir "$check"
tar -xzf "$part/base.tar.gz" -C "$check"
tar -xzf "$part/pg_wal.tar.gz" -C "$check/pg_wal"
cp "$part/backup_manifest" "$check/"
"$(tool pg_verifybackup)" --quiet "$check"
rm -rf "$check"

# After the base backup: an object is put before its row is written, so the list holds every object of every row in the backup.
"$reelmill" inventory >"$part/objects.jsonl"
sync -f "$part/objects.jsonl"
mv "$part" "$dir/$name"
trap - EXIT
sync "$dir"
echo "$dir/$name"

[ -n "${KEEP:-}" ] || exit 0
old=$(cd "$dir" && ls -d 20*Z | sort | head -n "-$KEEP")
for it in $old; do rm -rf "${dir:?}/$it"; done
[ -n "${ARCHIVE:-}" ] || exit 0
oldest=$(cd "$dir" && ls -d 20*Z | sort | head -1)
first=$(tar -xzOf "$dir/$oldest/base.tar.gz" backup_label | sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p')
[ -n "$first" ] || { echo "backup.sh: $dir/$oldest does not say where its WAL begins; the archive stays as it is" >&2; exit 1; }
"$(tool pg_archivecleanup)" "$ARCHIVE" "$first"
