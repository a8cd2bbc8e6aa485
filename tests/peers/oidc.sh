#!/usr/bin/env bash
# Sign-in at a provider of the house: npm `oidc-provider` on loopback, Chromium before it. Down, up, somebody of a group, somebody of
# none, somebody who stops; an account of this machine comes in meanwhile.
. "$(dirname "$0")/lib.sh"
need_deb chromium fonts-liberation
need_npm playwright-core@1.65.1 axe-core@4.14.1 oidc-provider@8.8.1
scratch
PROGRAM=${VARDKASE_BIN:-${VARDKASE_PROGRAM:-target/debug/vardkase}}
[ -x "$PROGRAM" ] || cargo build --locked

CONSOLE=$(free_port)
OIDC_PORT=$(free_port)
export OIDC_PORT OIDC_SECRET=a-secret-of-tests-only-0123456789+/ OIDC_BACK=http://localhost:$CONSOLE/sign-in/oidc/back
cat >"$DIR/oidc.yaml" <<YAML
issuer: http://127.0.0.1:$OIDC_PORT
client_id: vardkase
client_secret: { env: OIDC_SECRET }
name: Region-ID
scopes: [groups]
groups:
  - group: vardkase-tib
    rights: [report, approve]
    functions: [tib]
YAML
"$PROGRAM" serve --state "$DIR/state" --listen "127.0.0.1:$CONSOLE" --public-listen "127.0.0.1:$(free_port)" \
    --console-url "http://localhost:$CONSOLE" --oidc "$DIR/oidc.yaml" >"$DIR/serve.log" 2>&1 &
started $!
wait_port "$CONSOLE"
wait_file "$DIR/state/console-token"
export BROWSER_STATE=$DIR/state BROWSER_CONSOLE=http://localhost:$CONSOLE BROWSER_CHROMIUM=${BROWSER_CHROMIUM:-$(command -v chromium)}
OIDC_MODULE=$NODE_PATH/oidc-provider node "$(dirname "$0")/oidc/all.js" || fail "see above; the server's lines are in $DIR/serve.log"
! grep -q "anna.ek\|$OIDC_SECRET" "$DIR/serve.log" || fail "a person or a secret stands in $DIR/serve.log"
