#!/usr/bin/env bash
# The public page at nginx with its WebDAV modules: put beside, swapped in, read by readers at another port, compared.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/webdav/server.sh"
need_deb nginx-light libnginx-mod-http-dav-ext openssl

scratch
webdav_start
export MIRROR_WRONG_PASSWORD=fel
export MIRROR_WRONG_YAML="webdav: { url: \"http://127.0.0.1:$UPLOAD/larm/\", user: larm, password: { env: MIRROR_WRONG_PASSWORD } }"
cargo_it peers::mirror:: || fail "the mirror at nginx"

# What lies on the server's disk, and nothing beside it.
left=$(cd "$DIR/root/larm" && find . -type f | grep -vE '/(index\.html|[0-9]+-[0-9]+\.xml|feed\.[a-z]+\.atom|state\.json)$' || true)
[ -z "$left" ] || fail "files stay beside the pages: $left"
grep -q '"MOVE /larm/' "$DIR/logs/access.log" || fail "no page was swapped in by MOVE"
tries=$(grep -c ' 401 ' "$DIR/logs/access.log" || true)
printf 'ok webdav: nothing stays beside; the wrong login was tried %s times\n' "$tries"
[ "$tries" -le 60 ] || fail "the wrong login was hammered: $tries times"
