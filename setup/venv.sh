#!/usr/bin/env bash
# Makes .venv: exact versions, every hash checked, the project itself editable.
#   setup/venv.sh requirements-run.lock      what runs
#   setup/venv.sh requirements.lock          that and what checks and tests it
set -euo pipefail

lock=$1
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
echo "venv: installing $(grep -c == "$lock") packages from $lock"
# The lock is complete, so pip need not work out what depends on what; `pip check` proves it.
# Wheels only, but for one that a client of SensorThings in the tests needs and that has none.
"${pip[@]}" install --no-deps --require-hashes --only-binary :all: --no-binary demjson3 -r "$lock"
"${pip[@]}" install --no-deps --no-build-isolation --editable .
"${pip[@]}" check
