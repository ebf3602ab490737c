#!/usr/bin/env bash
# Installs the Debian packages that the tests drive. Does nothing when all are there.
#   gcc        the race detector (cgo)
#   sip-tester sipp, an independent SIP peer
#   baresip    an independent softphone, with its audio file modules
#   sipvicious scanners, as they look for lines to break into
#   kamailio   an operator: registrar and proxy that asks for a password, over UDP, TCP and TLS
#   linphone-cli a softphone that sets itself up from our file
#   iproute2, nftables  a NAT of network namespaces, for phones behind it; those tests need root
#   sox        reads our recordings as a stranger would
#   redis-*    the servers and sentinels that the tests of several nodes start for themselves
#   postgresql the server that the tests of the record start for themselves
#   sqlite3    looks at the record, and locks it, as a stranger would
#   poppler-utils reads our PDF as a stranger would
#   util-linux prlimit and unshare, for the drills
#   nodejs, npm a message centre for short messages, on npm's smpp; its versions and hashes are in the package-lock.json of
#              channels/sms/smpp/testdata/peers, and it goes into .cache/peers
#   libnet-smpp-perl another message centre, of other authors
#   duktape    the engine that runs Zabbix's webhooks
#   prometheus, prometheus-alertmanager  send us their alerts
#   postfix    the server that takes our mails and keeps them in mailboxes; the tests start their own, as root
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(nodejs libnet-smpp-perl gcc libc6-dev curl jq sip-tester baresip-core kamailio kamailio-tls-modules sipvicious linphone-cli iproute2 nftables sox redis-server redis-sentinel postgresql sqlite3 poppler-utils util-linux duktape prometheus prometheus-alertmanager postfix)
command -v npm >/dev/null || packages+=(npm) # it is a package of Debian's, and a part of nodejs elsewhere
missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done

# peers installs the libraries of npm when their lock has changed since.
peers() {
  local from=channels/sms/smpp/testdata/peers to=.cache/peers/smpp
  [ -d "$to/node_modules/smpp" ] && cmp -s "$from/package-lock.json" "$to/installed.json" && return
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$to/package-lock.json" "$to/installed.json"
}
if [ ${#missing[@]} -eq 0 ]; then
  peers
  exit 0
fi

run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "the tests need ${missing[*]}: run 'apt-get install ${missing[*]}' as root" >&2; exit 1; }
  run=(sudo)
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive

# Debian starts and enables a service that it installs. The tests start their own servers, on ports of their own, and a
# machine that runs tests should not have a Redis for everybody because of that.
policy=/usr/sbin/policy-rc.d
mine=""
if [ ! -e "$policy" ]; then
  mine=yes
  trap '"${run[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${run[@]}" tee "$policy" >/dev/null
  "${run[@]}" chmod 755 "$policy"
fi
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
if command -v systemctl >/dev/null; then
  for service in kamailio redis-server redis-sentinel postgresql prometheus prometheus-alertmanager postfix; do
    case " ${missing[*]} " in *" $service "*) "${run[@]}" systemctl disable --quiet "$service" 2>/dev/null || true ;; esac
  done
fi
peers
