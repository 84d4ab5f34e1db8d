#!/usr/bin/env bash
# Installs the system packages that are missing: with apt as root, otherwise says what to install.
#   setup/packages.sh run     what `make demo` needs
#   setup/packages.sh test    that and what `make test` needs
set -euo pipefail

run=(postgresql-15 postgresql-15-postgis-3 redis-server)
test=(chromium faketime fonts-noto-cjk gdal-bin openjdk-17-jre-headless maven mosquitto mosquitto-clients)
vendor=(nodejs npm)

# A program that came from elsewhere than Debian counts as well.
present() {
  case $1 in
    postgresql-15) [ -x /usr/lib/postgresql/15/bin/initdb ] ;;
    postgresql-15-postgis-3) [ -e /usr/share/postgresql/15/extension/postgis.control ] ;;
    redis-server) command -v redis-server >/dev/null ;;
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    chromium) command -v chromium >/dev/null ;;
    faketime) command -v faketime >/dev/null ;;
    fonts-noto-cjk) [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] ;;
    gdal-bin) command -v ogrinfo >/dev/null ;;
    openjdk-17-jre-headless) command -v java >/dev/null ;;
    maven) command -v mvn >/dev/null ;;
    mosquitto) command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] ;;
    mosquitto-clients) command -v mosquitto_pub >/dev/null ;;
    *) echo "packages: no test for $1" >&2; exit 2 ;;
  esac
}

wanted=("${run[@]}")
python3 setup/vendor.py --missing >/dev/null || wanted+=("${vendor[@]}")
[ "${1:-run}" = test ] && wanted+=("${test[@]}")

missing=()
for package in "${wanted[@]}"; do present "$package" || missing+=("$package"); done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "packages: not installed here; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

# While packages are installed no service of theirs may start: ours are private and started by us.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
cleanup() { rm -f "$log"; if [ "${own_policy:-}" = yes ]; then rm -f "$policy"; fi; }
trap cleanup EXIT
if [ ! -e "$policy" ]; then
  own_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

echo "packages: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  grep -E '^(E|W):' "$log" | tail -5 >&2 || tail -5 "$log" >&2
  echo "packages: apt-get could not install ${missing[*]}" >&2
  exit 1
fi
