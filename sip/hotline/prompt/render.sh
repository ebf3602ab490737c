#!/bin/sh
# Renders the starter voices and curates the recorded packs, as they are
# committed beside this script. Needed on Debian 12:
#   apt-get install festival festvox-ru espeak-ng sox \
#     asterisk-core-sounds-ru-wav asterisk-core-sounds-en-wav
# Afterwards `go test ./sip/hotline/prompt` audits the result.
set -eu
cd "$(dirname "$0")"
exec go run render.go
