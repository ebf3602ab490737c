#!/usr/bin/env bash
# Installs the Debian packages that the tests drive. Does nothing when all are there.
#   gcc        the race detector (cgo)
#   sip-tester sipp, an independent SIP peer
#   baresip    an independent softphone, with its audio file modules
#   sox        reads our recordings as a stranger would
set -euo pipefail

packages=(gcc libc6-dev sip-tester baresip-core sox)
missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "the tests need ${missing[*]}: run 'apt-get install ${missing[*]}' as root" >&2; exit 1; }
  run=(sudo)
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
