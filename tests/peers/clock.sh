#!/usr/bin/env bash
# The machine's clock is set under the running program (libfaketime), forwards and backwards, and it is started days later: it
# believes no step, says so, follows what somebody accepts, and tells who leads an open incident after a standstill (RULES D12).
. "$(dirname "$0")/lib.sh"
need_deb faketime
scratch
VARDKASE_BIN=${VARDKASE_BIN:-$PWD/target/debug/vardkase}
[ -x "$VARDKASE_BIN" ] || cargo build --locked
FAKE=$(dpkg -L libfaketime | grep '/libfaketime.so') || fail "libfaketime is not where Debian puts it"
"$VARDKASE_BIN" config init "$DIR/region" >/dev/null
CONSOLE=$(free_port)
export VARDKASE_SMS_PASSWORD=secret VARDKASE_AS=it VARDKASE_STATE=$DIR/state VARDKASE_SERVER=http://127.0.0.1:$CONSOLE

set_clock() { # +2h, -3h, +0: against the true time
    printf '%s\n' "$1" >"$DIR/clock.new"
    mv "$DIR/clock.new" "$DIR/clock"
}
start() {
    # Waits go by the monotonic clock, which nobody can set.
    LD_PRELOAD=$FAKE FAKETIME_TIMESTAMP_FILE=$DIR/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
        "$VARDKASE_BIN" serve --config "$DIR/region" --listen "127.0.0.1:$CONSOLE" --public-listen 127.0.0.1:0 >>"$DIR/serve.log" 2>&1 &
    SERVER=$!
    started $SERVER
    wait_port "$CONSOLE"
}
off() { # how far the machine's clock is off by what the server says, in seconds; - when it follows it
    "$VARDKASE_BIN" clock show --json | python3 -c 'import json, sys
off = json.load(sys.stdin).get("off_s")
print("-" if off is None else round(off))'
}
expect() { # WHAT FROM TO: that far off, within a minute
    local got=""
    for _ in $(seq 100); do
        got=$(off)
        if [ "$2" = - ]; then [ "$got" = - ] && break; else [ "$got" != - ] && [ "$got" -ge "$2" ] && [ "$got" -le "$3" ] && break; fi
        sleep 0.1
        false
    done || fail "$1: the machine's clock is off by $got s, by what the server says; see $DIR/serve.log"
    printf 'ok %s: %s\n' "$1" "$got"
}

set_clock +0
start
"$VARDKASE_BIN" report ehr-down --level outage --safety no >/dev/null
expect "as it should be" - -
set_clock +2h
expect "two hours forwards, not believed" 7190 7210
set_clock +0
expect "set right" - -
set_clock -3h
expect "three hours backwards, not believed" -10810 -10790
set_clock +0
expect "set right again" - -
set_clock +1h
expect "an hour forwards, not believed" 3590 3610
"$VARDKASE_BIN" clock accept >/dev/null
expect "accepted" - -
"$VARDKASE_BIN" log --json | grep -q clock-stepped || fail "no step is on record"
kill -INT "$SERVER"; wait "$SERVER" || true

# It stood still for two days; and then it is started once more at once.
for round in 1 2; do
    set_clock +49h
    start
    for _ in $(seq 100); do
        told=$("$VARDKASE_BIN" log 1 --json | grep -c stood_still || true)
        [ "$told" -ge 1 ] && break
        sleep 0.1
    done
    [ "$told" -eq 1 ] || fail "start $round after days: told $told times"
    kill -INT "$SERVER"; wait "$SERVER" || true
done
echo "ok: a start after days told who leads once"

# A start before the last record is distrusted, and time goes on from there.
set_clock +0
start
expect "two days before the last record, not believed" -180000 -172000
kill -INT "$SERVER"; wait "$SERVER" || true
"$VARDKASE_BIN" verify >/dev/null || fail "the journal is not whole"
echo "ok: the journal is whole"
