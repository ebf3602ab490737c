#!/bin/sh
# Makes zoneinfo.zip from the IANA time zone database in its compact form, tzdata.zi, which every tzdata package holds:
#
#	update.sh /usr/share/zoneinfo/tzdata.zi
#
# It needs zic and python3. The archive is the same for the same input. The database is in the public domain
# (https://www.iana.org/time-zones).
set -eu
source=$1
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
zic -b slim -d "$made" "$source"
python3 - "$made" <<'PY'
import os, sys, zipfile
made = sys.argv[1]
names = sorted(os.path.relpath(os.path.join(d, f), made) for d, _, files in os.walk(made) for f in files)
with zipfile.ZipFile("zoneinfo.zip", "w", zipfile.ZIP_STORED) as archive:
    for name in names:
        if name not in ("Factory", "localtime", "posixrules"):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, open(os.path.join(made, name), "rb").read())
PY
sed -n '1s/^# version //p' "$source" >VERSION
