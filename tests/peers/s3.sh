#!/usr/bin/env bash
# The public page at an S3-compatible store (npm s3rver): each version under a key of its own, then under its key; compared.
. "$(dirname "$0")/lib.sh"
need_npm s3rver@3.7.1

scratch
PORT=$(free_port)
"$PEERS_DIR/node/node_modules/.bin/s3rver" --address 127.0.0.1 --port "$PORT" --directory "$DIR/store" \
    --configure-bucket larm >"$DIR/s3rver.log" 2>&1 &
started $!
wait_port "$PORT"

# s3rver knows one account by its key's ID; it computes no signature of version 4. Those are compared with AWS's own examples
# in src/channels/mirror/sigv4.rs.
export MIRROR_SECRET=S3RVER
export MIRROR_READBACK="http://127.0.0.1:$PORT/larm/pub/"
entry() {
    echo "s3: { endpoint: \"http://127.0.0.1:$PORT\", bucket: larm, prefix: pub, key_id: $1, secret: { env: MIRROR_SECRET } }"
}
export MIRROR_YAML=$(entry S3RVER)
export MIRROR_WRONG_YAML=$(entry NOBODY)
mkdir -p "$DIR/store"
cargo_it peers::mirror:: || fail "the mirror at s3rver"

left=$(find "$DIR/store" -name '*_object' | grep vardkase-new || true)
[ -z "$left" ] || fail "versions stay behind: $left"
find "$DIR/store" -name '*_object' | grep -q index.html || fail "no page lies in the store"
printf 'ok s3: the pages lie in the store, and no version stays behind\n'
