#!/bin/bash
# Cargo's compiler wrapper for the crates of this workspace. Code that only tests need, and build scripts, are compiled by clippy's
# driver, which also lints them; what ships is compiled by rustc alone. So all code is linted while the tests are built, and its
# dependencies are not checked a second time for the lints.
#
# Unit tests are compiled with little optimisation, since they test logic; those of media and pipeline compute, and keep their level.
# Programs that tests start are built as they ship. Without clippy (in the image) everything goes to rustc.
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
