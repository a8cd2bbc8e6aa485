#!/usr/bin/env bash
# Submits a second over SMPP: ours, and ours journaled from report to acceptance, beside Kannel's own way from HTTP to SMPP, in one
# run against the same far end, which keeps nothing. Gate: 5 times Kannel, journaled; ambition: 10.
. "$(dirname "$0")/lib.sh"
scratch
need_deb kannel
ADMIN=$(free_port) BOX=$(free_port) SEND=$(free_port) SINK=$(free_port)
cat >"$DIR/kannel.conf" <<CONF
group = core
admin-port = $ADMIN
admin-interface = 127.0.0.1
admin-password = bar
smsbox-port = $BOX
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "$DIR/bearerbox.log"
log-level = 3
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = SINK
host = 127.0.0.1
port = $SINK
transceiver-mode = true
smsc-username = tester
smsc-password = secret
system-type = ""
max-pending-submits = 10
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = $BOX
sendsms-port = $SEND
sendsms-interface = 127.0.0.1
log-file = "$DIR/smsbox.log"
log-level = 3

group = sendsms-user
username = tester
password = foobar
CONF
bearerbox "$DIR/kannel.conf" >"$DIR/bearerbox.out" 2>&1 &
started $!
wait_port "$BOX"
smsbox "$DIR/kannel.conf" >"$DIR/smsbox.out" 2>&1 &
started $!
wait_port "$SEND"
SINK_PORT=$SINK KANNEL_PORT=$SEND cargo_it peers::smpp_speed:: | tee "$DIR/speed.out"
grep SPEED "$DIR/speed.out" || fail "no figures; see $DIR/speed.out"
if [ -x "${VARDKASE_BIN:-}" ]; then
    "$VARDKASE_BIN" bench --only smpp-10000 --json >"$DIR/bench.json" || fail "the journaled measure; see $DIR/bench.json"
    python3 - "$DIR/bench.json" "$DIR/speed.out" <<'PY'
import json, re, sys
figures = json.load(open(sys.argv[1]))["figures"]
kannel = float(re.search(r"SPEED kannel (\d+)", open(sys.argv[2]).read())[1])
rate = next(f["value"] for f in figures if f["unit"].endswith("/s"))
print(f"SPEED journaled {rate:.0f}/s; ratio to Kannel {rate / kannel:.1f}")
sys.exit(0 if rate >= 5 * kannel else f"journaled is {rate / kannel:.1f} times Kannel's own path; the gate is 5")
PY
fi
