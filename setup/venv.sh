#!/usr/bin/env bash
# Makes .venv from requirements.lock: exact versions, hashes checked, the project itself editable.
set -euo pipefail

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "venv: Python 3.11 or newer is needed; install it: apt-get install python3 python3-venv" >&2
  exit 1
fi
if [ ! -x .venv/bin/python ] && ! "$python" -m venv .venv >/dev/null 2>&1; then
  rm -rf .venv
  echo "venv: the venv module is missing; install it: apt-get install python3-venv" >&2
  exit 1
fi

pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
echo "venv: installing $(grep -c == requirements.lock) packages from requirements.lock"
# The lock is complete, so pip need not work out what depends on what; `pip check` proves it.
"${pip[@]}" install --no-deps --require-hashes --only-binary :all: -r requirements.lock
"${pip[@]}" install --no-deps --no-build-isolation --editable .
"${pip[@]}" check
