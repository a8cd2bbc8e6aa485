#!/usr/bin/env bash
# Every page of the console in Chromium, with a running incident: axe-core in both languages, light, dark and for print; three widths
# without a sideways scroll; what is pressed is large enough. `browser/` has the steps.
. "$(dirname "$0")/lib.sh"
need_deb chromium fonts-liberation
need_npm playwright-core@1.65.1 axe-core@4.14.1
scratch
PROGRAM=${VARDKASE_PROGRAM:-target/debug/vardkase}
[ -x "$PROGRAM" ] || cargo build --locked

PUBLIC=$(free_port)
CONSOLE=$(free_port)
"$PROGRAM" serve --state "$DIR/state" --listen "127.0.0.1:$CONSOLE" --public-listen "127.0.0.1:$PUBLIC" \
    --public-url "http://127.0.0.1:$PUBLIC" >"$DIR/serve.log" 2>&1 &
started $!
wait_port "$CONSOLE"
wait_port "$PUBLIC"
export BROWSER_STATE=$DIR/state BROWSER_CONSOLE=http://127.0.0.1:$CONSOLE BROWSER_CHROMIUM=${BROWSER_CHROMIUM:-$(command -v chromium)}
node "$(dirname "$0")/browser/all.js" || fail "see above; the server's lines are in $DIR/serve.log"
