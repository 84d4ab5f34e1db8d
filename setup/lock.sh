#!/usr/bin/env bash
# Writes requirements.lock: the newest versions pyproject.toml allows, with every hash the index has
# for them, and no index address.
set -euo pipefail

uv=.venv/bin/uv
if [ ! -x "$uv" ]; then
  echo "lock: uv is not in .venv; bring it: .venv/bin/python -m pip install uv" >&2
  exit 1
fi
"$uv" pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements.lock
