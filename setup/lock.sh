#!/usr/bin/env bash
# Writes the two lock files: the newest versions pyproject.toml allows, with every hash the index
# has for them, and no index address. requirements-run.lock is the part that runs in production.
set -euo pipefail

uv=.venv/bin/uv
if [ ! -x "$uv" ]; then
  echo "lock: uv is not in .venv; bring it: .venv/bin/python -m pip install uv" >&2
  exit 1
fi

compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url "$@"
}

compile pyproject.toml --extra dev --upgrade --output-file requirements.lock
# setuptools runs nothing; it builds the project itself, which pip would not lock.
compile pyproject.toml - --constraint requirements.lock --output-file requirements-run.lock \
  <<<'setuptools>=77'
