#!/usr/bin/env bash
# E-mail to 1 000 functions, journaled, against Debian's Alertmanager with 1 000 groups, into the same sink in one run.
# Prints figures and the ratio; wants a build of the profile `dist` in VARDKASE_BIN.
. "$(dirname "$0")/lib.sh"
need_deb postfix prometheus-alertmanager
scratch
BIN=${VARDKASE_BIN:-target/dist/vardkase}
[ -x "$BIN" ] || fail "there is no program at $BIN; build it: cargo build --profile dist"
GROUPS_MAX=${GROUPS_MAX:-1000} ROUNDS=${ROUNDS:-3}
SINK=$(free_port) WEB=$(free_port)
# Its counters say when the last mail is there.
smtp-sink -c -u postfix "127.0.0.1:$SINK" 1024 >"$DIR/counters" 2>/dev/null &
started $!
wait_port "$SINK"
cat >"$DIR/am.yml" <<CONF
global:
  smtp_smarthost: 127.0.0.1:$SINK
  smtp_from: larm@region.example
  smtp_require_tls: false
route:
  receiver: mail
  group_by: [duty]
  group_wait: 0s
  group_interval: 1h
  repeat_interval: 4h
receivers:
  - name: mail
    email_configs:
      - to: duty@fs.example
        send_resolved: false
CONF
prometheus-alertmanager --config.file="$DIR/am.yml" --storage.path="$DIR/data" --web.listen-address="127.0.0.1:$WEB" \
    --cluster.listen-address= >"$DIR/am.log" 2>&1 &
started $!
wait_port "$WEB"
export BIN GROUPS_MAX ROUNDS SINK WEB DIR
python3 - <<'PY'
import json, os, re, statistics, subprocess, sys, time, urllib.request

binary, n, rounds = os.environ["BIN"], int(os.environ["GROUPS_MAX"]), int(os.environ["ROUNDS"])
counters = os.path.join(os.environ["DIR"], "counters")

def arrived():
    with open(counters, "rb") as file:
        found = re.findall(rb"mesg=(\d+)", file.read())
    return int(found[-1]) if found else 0

def until(count):
    begun = time.monotonic()
    while arrived() < count:
        if time.monotonic() - begun > 120:
            sys.exit(f"only {arrived()} of {count} mails came")
        time.sleep(0.002)

def theirs(round):
    text = ("ALERT STAFF MODE FS: Records system is down. Do now: write on paper. Scope: hospitals and clinics. Since: 09.40. "
            "Running again: unknown. Next update: 10.40. Contact: 0980-319200.")
    alerts = [{"labels": {"alertname": "ehr", "duty": f"duty-{round}-{i}"}, "annotations": {"summary": text}} for i in range(n)]
    ask = urllib.request.Request(f"http://127.0.0.1:{os.environ['WEB']}/api/v2/alerts", json.dumps(alerts).encode(),
                                 {"Content-Type": "application/json"})
    before, begun = arrived(), time.monotonic()
    urllib.request.urlopen(ask, timeout=30).read()
    until(before + n)
    return time.monotonic() - begun

def ours():
    before = arrived()
    out = subprocess.run([binary, "bench", "--json", "--mail-to", f"127.0.0.1:{os.environ['SINK']}", "--mails", str(n),
                          "--connections", "10"], check=True, capture_output=True).stdout
    until(before + n)
    return next(f["value"] for f in json.loads(out)["figures"] if "on record" in f["what"]) / 1000

them, us = [], []
for round in range(rounds):
    them.append(theirs(round))
    us.append(ours())
them, us = statistics.median(them), statistics.median(us)
print(f"{n} functions by e-mail, median of {rounds} interleaved rounds")
print(f"Alertmanager, from its API to the last mail:             {them * 1000:8.0f} ms {n / them:10,.0f}/s")
print(f"vardkase, from the report to the last outcome on disk:   {us * 1000:8.0f} ms {n / us:10,.0f}/s")
print(f"ratio {them / us:.1f} (gate 10, aim 20)")
sys.exit(0 if them / us >= 10 else 1)
PY
