#!/usr/bin/env bash
# What pages that stand open cost: memory of each stream that nothing comes over, and how long it takes until all of them heard of a release.
# One thread reads them all, so that its own time is in the figures. Wants a build of the profile `dist` in VARDKASE_BIN.
#   STREAMS=5000 ROUNDS=5 tests/peers/speed_streams.sh
. "$(dirname "$0")/lib.sh"
need_deb curl python3
scratch
VARDKASE_BIN=${VARDKASE_BIN:-target/dist/vardkase}
[ -x "$VARDKASE_BIN" ] || fail "there is no program at $VARDKASE_BIN; build it: cargo build --profile dist"
STREAMS=${STREAMS:-5000} ROUNDS=${ROUNDS:-5}
ulimit -n $((STREAMS + 500)) || fail "this shell may not open so many files"

CONSOLE=$(free_port)
URL=http://127.0.0.1:$CONSOLE
export VARDKASE_STATE=$DIR/state VARDKASE_SERVER=$URL VARDKASE_AS=it-bered
"$VARDKASE_BIN" serve --listen "127.0.0.1:$CONSOLE" --public-listen 127.0.0.1:0 >"$DIR/serve.log" 2>&1 &
started $!
SERVER=$!
wait_port "$CONSOLE"
"$VARDKASE_BIN" device add --function it-bered --url "$URL" >"$DIR/device" || fail "no device can be added"
link=$(grep -o "$URL/device/[^ ]*" "$DIR/device" | head -n 1)
curl -sS -o /dev/null -c "$DIR/cookies" -H "Origin: $URL" -X POST "$link"
COOKIE=$(awk '$7 && NF >= 7 { print $6 "=" $7 }' "$DIR/cookies" | tail -n 1)
[ -n "$COOKIE" ] || fail "the device's link gives no cookie"

export SERVER CONSOLE COOKIE STREAMS ROUNDS VARDKASE_BIN
python3 - <<'PY'
import os, select, socket, statistics, subprocess, sys, time

env = os.environ
streams, rounds = int(env["STREAMS"]), int(env["ROUNDS"])


def memory():
    """Resident memory of the server, in bytes."""
    [line] = [line for line in open(f"/proc/{env['SERVER']}/status") if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


ask = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{env['CONSOLE']}\r\nCookie: {env['COOKIE']}\r\n\r\n".encode()
poll, open_streams = select.epoll(), {}


def until(all_have, what):
    """Reads until each stream has that; gives when the first and when the last had it."""
    left, first, seen = set(open_streams), None, dict.fromkeys(open_streams, b"")
    end = time.monotonic() + 60
    while left:
        if time.monotonic() > end:
            sys.exit(f"{len(left)} of {streams} streams have no {what}")
        for fd, _ in poll.poll(1):
            data = open_streams[fd].recv(65536)
            if not data:
                sys.exit("a stream ended")
            if fd in left:
                seen[fd] += data
                if all_have in seen[fd]:
                    left.discard(fd)
                    first = first or time.monotonic()
    return first, time.monotonic()


before = memory()
for n in range(streams):
    stream = socket.create_connection(("127.0.0.1", int(env["CONSOLE"])))
    stream.sendall(ask)
    open_streams[stream.fileno()] = stream
    poll.register(stream, select.EPOLLIN)
until(b"retry: ", "answer")
# The memory of opening is given back or used again; it is what stays that is counted.
time.sleep(5)
each = (memory() - before) / streams
took = []
for n in range(rounds):
    begun = time.monotonic()
    subprocess.run([env["VARDKASE_BIN"], "report", "ehr-down", "--exercise", "--level", "major", "--safety", "no", "--yes"], check=True, stdout=subprocess.DEVNULL)
    first, last = until(b"event: change", "event")
    took.append((last - first, last - begun))
    time.sleep(3)
    # What else happened meanwhile.
    while ready := poll.poll(0.2):
        for fd, _ in ready:
            open_streams[fd].recv(65536)
after = (memory() - before) / streams
spread, whole = (statistics.median(t[i] for t in took) * 1000 for i in (0, 1))
print(f"{streams} streams that nothing comes over: {each / 1024:.1f} KiB each; {after / 1024:.1f} KiB after {rounds} releases (gate 32, ambition 4)")
print(f"a release: all have heard {spread:.0f} ms after the first, {whole:.0f} ms after the command began (medians; what happens in half a second is told together)")
sys.exit(0 if each <= 32 * 1024 else 1)
PY
