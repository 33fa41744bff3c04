#!/bin/sh
# One finished WAL segment into the archive: `archive_command = 'DIR/archive-wal.sh %p %f ARCHIVE'`.
# Whole or not at all: a copy under another name, on the disk, then renamed. A segment that is there already with the same bytes is
# archived (the server asks again after a crash, so it is put onto the disk once more); with other bytes it is somebody else's, and the
# server must hear of that. A full disk ends it with an error, and the server keeps the segment and asks again.
set -eu
from=$1 name=$2 archive=$3
to=$archive/$name
# Of one name: what an attempt left that was killed is overwritten by the next.
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
