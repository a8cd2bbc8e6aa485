#!/usr/bin/env bash
# Sheets to walk with, out of a printer of others: Debian's `ippeveprinter`, which first has no paper. Poppler reads what came out.
. "$(dirname "$0")/lib.sh"
need_deb cups-ipp-utils avahi-daemon dbus poppler-utils jq
scratch
VK=$VARDKASE_BIN
mkdir "$DIR/tray"
cat >"$DIR/press" <<'PRESS'
#!/bin/sh
# The first job finds no paper for a while.
tray=$(dirname "$0")/tray
if mkdir "$tray/.seen" 2>/dev/null; then
    echo "STATE: +media-empty" >&2
    sleep 12
    echo "STATE: -media-empty" >&2
fi
cp "$1" "$tray/$$.part" && mv "$tray/$$.part" "$tray/$$.pdf"
PRESS
chmod 755 "$DIR/press"
# It starts only where it can announce itself: on a bus of its own, on loopback.
cat >"$DIR/bus.conf" <<BUS
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=$DIR/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>
BUS
printf '[server]\nuse-ipv6=no\nallow-interfaces=lo\n' >"$DIR/avahi.conf"
dbus-daemon --config-file="$DIR/bus.conf" --nofork --nopidfile >"$DIR/bus.log" 2>&1 &
started $!
for _ in $(seq 50); do [ -S "$DIR/bus" ] && break; sleep 0.1; done
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$DIR/bus
avahi-daemon -f "$DIR/avahi.conf" --no-drop-root --no-chroot --no-rlimits >"$DIR/avahi.log" 2>&1 &
started $!
for _ in $(seq 50); do grep -q 'startup complete' "$DIR/avahi.log" && break; sleep 0.1; done
PORT=$(free_port)
ippeveprinter -r off -p "$PORT" -f application/pdf -d "$DIR" -c "$DIR/press" vardkase-test >"$DIR/printer.log" 2>&1 &
started $!
wait_port "$PORT"

"$VK" config init --built-in "$DIR/region" >/dev/null
cat >"$DIR/region/channels/printers.yaml" <<YAML
printers:
  switchboard: { url: "ipp://localhost:$PORT/ipp/print" }
YAML
sed -i 's/pages_max: [0-9]*/pages_max: 1/; s/parts_max: [0-9]*/parts_max: 1/' "$DIR"/region/channels/{sms,paging,fax}.yaml
CONSOLE=$(free_port)
export VARDKASE_STATE=$DIR/state VARDKASE_SERVER=http://127.0.0.1:$CONSOLE VARDKASE_AS=it-bered
serve() {
    "$VK" serve --config "$DIR/region" --listen "127.0.0.1:$CONSOLE" --public-listen 127.0.0.1:0 >>"$DIR/serve.log" 2>&1 &
    SERVER=$!
    started $SERVER
    wait_port "$CONSOLE"
}
serve
# No pager carries the text: whoever has nothing else is walked to.
"$VK" report ehr-down --level critical --safety no >/dev/null || fail "nothing can be reported"
papers() { # HOW MANY, SECONDS
    for _ in $(seq "$2"); do
        [ "$(find "$DIR/tray" -name '*.pdf' | wc -l)" -ge "$1" ] && return
        sleep 1
    done
    fail "$(find "$DIR/tray" -name '*.pdf' | wc -l) of $1 papers came out; see $DIR/serve.log and $DIR/printer.log"
}
alarm() {
    "$VK" status --json | jq -r '.. | .alarms? // empty | .[]? | select(.name == "printer switchboard") | .what.en'
}
for _ in $(seq 60); do
    [ -n "$(alarm)" ] && break
    sleep 1
done
alarm | grep -q 'media-empty' || fail "a printer without paper is no alarm: $(alarm)"
echo "ok printer: $(alarm)"
papers 2 60
for pdf in "$DIR"/tray/*.pdf; do
    pdfinfo "$pdf" | grep -q '^Tagged: *yes' || fail "$pdf is not tagged"
    pdftotext -layout "$pdf" - >>"$DIR/out.txt"
done
grep -q 'Journal' "$DIR/out.txt" || fail "the text is not on the sheets: $DIR/out.txt"
for _ in $(seq 30); do
    [ -z "$(alarm)" ] && break
    sleep 1
done
[ -z "$(alarm)" ] || fail "it printed, and is still an alarm"
# Once: a start prints nothing again, nor what the printer had taken when the program ended before it was on record.
kill -9 "$SERVER" && wait "$SERVER" 2>/dev/null || true
serve
sleep 35
[ "$(find "$DIR/tray" -name '*.pdf' | wc -l)" -eq 2 ] || fail "a start printed again: $(ls "$DIR/tray")"
"$VK" log 1 --json | grep -q '"sheets-at-printer"' || fail "it is not on record"
echo "ok printer: $(pdfinfo "$(ls "$DIR"/tray/*.pdf | head -n 1)" | sed -n 's/^Pages: *//p') pages with the text came out of ippeveprinter once, over a start too"
