#!/bin/sh
# Copies one finished WAL segment into the archive: `archive_command = 'DIR/archive-wal.sh %p %f ARCHIVE'`.
# Atomic: copied under another name, synced, then renamed. If the segment is there already with the same bytes, the script succeeds
# (the server repeats the call after a crash, so it is synced once more); with other bytes it belongs to another server, and the script
# fails. On a full disk it fails, and the server keeps the segment and tries again.
set -eu
from=$1 name=$2 archive=$3
to=$archive/$name
# A fixed name: the file of a killed attempt is overwritten by the next.
part=$archive/.$name.part
if [ -e "$to" ]; then
    if cmp -s "$from" "$to"; then
        sync "$to" "$archive"
        exit 0
    fi
    echo "archive-wal.sh: $to is there already with other bytes: two servers write to one archive" >&2
    exit 1
fi
trap 'rm -f "$part"' EXIT
cp "$from" "$part"
sync "$part"
mv "$part" "$to"
sync "$archive"
