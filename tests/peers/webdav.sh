#!/usr/bin/env bash
# The public page at nginx with its WebDAV modules: put beside, swapped in, read by readers at another port, compared.
. "$(dirname "$0")/lib.sh"
need_deb nginx-light libnginx-mod-http-dav-ext openssl

scratch
UPLOAD=$(free_port)
READ=$(free_port)
mkdir -p "$DIR"/{root,logs,tmp}
printf 'larm:%s\n' "$(openssl passwd -apr1 hemligt)" >"$DIR/htpasswd"
sed -e "s#@DIR@#$DIR#g; s#@UPLOAD@#$UPLOAD#; s#@READ@#$READ#; s#@USER@#$(id -un)#" tests/peers/webdav/nginx.conf >"$DIR/nginx.conf"
nginx -p "$DIR" -c "$DIR/nginx.conf" >"$DIR/logs/out" 2>&1 &
started $!
wait_port "$UPLOAD"
wait_port "$READ"

export MIRROR_PASSWORD=hemligt MIRROR_WRONG_PASSWORD=fel
export MIRROR_READBACK="http://127.0.0.1:$READ/larm/"
export MIRROR_YAML="webdav: { url: \"http://127.0.0.1:$UPLOAD/larm/\", user: larm, password: { env: MIRROR_PASSWORD } }"
export MIRROR_WRONG_YAML="webdav: { url: \"http://127.0.0.1:$UPLOAD/larm/\", user: larm, password: { env: MIRROR_WRONG_PASSWORD } }"
mkdir -p "$DIR/root/larm"
cargo_it peers::mirror:: || fail "the mirror at nginx"

# What lies on the server's disk, and nothing beside it.
left=$(cd "$DIR/root/larm" && find . -type f | grep -v 'index.html$' || true)
[ -z "$left" ] || fail "files stay beside the pages: $left"
grep -q '"MOVE /larm/' "$DIR/logs/access.log" || fail "no page was swapped in by MOVE"
tries=$(grep -c ' 401 ' "$DIR/logs/access.log" || true)
printf 'ok webdav: nothing stays beside; the wrong login was tried %s times\n' "$tries"
[ "$tries" -le 60 ] || fail "the wrong login was hammered: $tries times"
