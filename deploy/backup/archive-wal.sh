#!/bin/sh
# One finished WAL segment into the archive: `archive_command = 'DIR/archive-wal.sh %p %f ARCHIVE'`.
# Whole or not at all: a copy under another name, on the disk, then renamed. A segment that is there already with the same bytes is
# archived (the server asks again after a crash); with other bytes it is somebody else's, and the server must hear of that.
set -eu
from=$1 name=$2 archive=$3
to=$archive/$name
if [ -e "$to" ]; then
    cmp -s "$from" "$to" && exit 0
    echo "archive-wal.sh: $to is there already with other bytes: two servers write to one archive" >&2
    exit 1
fi
trap 'rm -f "$archive/.$name.$$"' EXIT
cp "$from" "$archive/.$name.$$"
sync "$archive/.$name.$$"
mv "$archive/.$name.$$" "$to"
sync "$archive"
