#!/usr/bin/env bash
# Installs the programs that tests start for themselves: as root on Debian; elsewhere it says what is missing.
set -euo pipefail

wanted=()
want() {  # want PACKAGE: note a Debian package that is not here
  wanted+=("$1")
}
[ -n "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null || command -v initdb)" ] || want postgresql
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || want nginx-light
command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || want pgbouncer
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || want mariadb-server
command -v chromium >/dev/null || command -v google-chrome >/dev/null || want chromium
command -v node >/dev/null || want nodejs
command -v npm >/dev/null || want npm
[ -x /usr/sbin/sshd ] || want openssh-server
command -v ssh-keygen >/dev/null || want openssh-client

if [ ${#wanted[@]} = 0 ]; then
  :
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${wanted[*]} for the tests …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
else
  echo "Not installed, so that their tests will be skipped: ${wanted[*]} (Debian: apt install ${wanted[*]})"
fi

# Azurite, the emulator of Azure Blob Storage, is a package of npm.
azurite="$HOME/.cache/nbtrack-tests/azurite"
here="$(dirname "$(readlink -f "$0")")/azurite"
if ! command -v npm >/dev/null; then
  echo "Not installed, so that its tests will be skipped: azurite, for want of npm"
elif ! cmp -s "$here/package-lock.json" "$azurite/package-lock.json" || [ ! -d "$azurite/node_modules/azurite" ]; then
  echo "Installing azurite for the tests …"
  mkdir -p "$azurite"
  cp "$here"/package*.json "$azurite"
  npm --prefix "$azurite" ci --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error >/dev/null
fi
