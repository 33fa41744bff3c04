#!/bin/bash
# Stands between Cargo and the compiler for the crates of this workspace. What only tests need, and build scripts, is compiled by
# clippy's driver, which lints it on the way; what ships is compiled by rustc alone. So the whole code is linted while the tests are
# built, and its dependencies are not checked a second time for the lints.
#
# Unit tests are compiled with the least effort, since they try logic; those of media and pipeline compute, and keep their level. What
# tests start as a program is built as it ships. Without clippy (in the image) everything goes to rustc.
# In bash, since dash drops variables whose names hold a dash, such as CARGO_BIN_EXE_media-child.
for argument in "$@"; do
    case $argument in
    --test)
        case $CARGO_PKG_NAME in
        media | pipeline) ;;
        *) set -- "$@" -C opt-level=0 -C debuginfo=0 ;;
        esac
        ;;
    build_script_build) ;;
    *) continue ;;
    esac
    if command -v clippy-driver >/dev/null 2>&1; then exec clippy-driver "$@"; fi
done
exec "$@"
