#!/usr/bin/env bash
# How fast the page is read beside nginx with the same precompressed bytes and headers, plain and by TLS, at 50 and 500 connections, and
# at 50 while a broadcast of 10 000 mails runs on the machine: our one thread, nginx's one worker, Debian's wrk, in interleaved rounds.
# Prints medians of ratios, and CPU time a page; wants a build of the profile `dist` in VARDKASE_BIN.
#   ROUNDS=5 SECONDS_EACH=3 tests/peers/speed_page.sh
. "$(dirname "$0")/lib.sh"
need_deb nginx-light wrk curl openssl
scratch
BIN=${VARDKASE_BIN:-target/dist/vardkase}
[ -x "$BIN" ] || fail "there is no program at $BIN; build it: cargo build --profile dist"
ROUNDS=${ROUNDS:-5} SECONDS_EACH=${SECONDS_EACH:-3}
mkdir -p "$DIR/tmp" "$DIR/root"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=localhost" -keyout "$DIR/tls.key" -out "$DIR/tls.pem" 2>/dev/null
chmod 600 "$DIR/tls.key"

start() { # NAME OPTIONS…: the server; gives its pid in $DIR/NAME.pid and the port of its page in $DIR/NAME.port
    local name=$1 public
    public=$(free_port)
    shift
    "$BIN" serve --state "$DIR/$name" --listen "127.0.0.1:$(free_port)" --public-listen "127.0.0.1:$public" "$@" >"$DIR/$name.log" 2>&1 &
    started $!
    printf '%d' $! >"$DIR/$name.pid"
    printf '%d' "$public" >"$DIR/$name.port"
    wait_port "$public"
}
start plain
start tls --public-tls-cert "$DIR/tls.pem" --public-tls-key "$DIR/tls.key"

# What nginx serves: our page as it came, and its headers.
page=http://127.0.0.1:$(cat "$DIR/plain.port")/sv
for _ in $(seq 50); do
    curl -sf -o "$DIR/root/sv.html" "$page" && break
    # The first page is not made yet.
    sleep 0.2
done
curl -sS -H 'Accept-Encoding: gzip' -D "$DIR/head" -o "$DIR/root/sv.html.gz" "$page"
grep -qi '^content-encoding: gzip' "$DIR/head" || fail "the page did not come compressed"
HEADERS=$(tr -d '\r' <"$DIR/head" | python3 -c 'import sys
own = {"date", "content-length", "content-type", "content-encoding", "etag", "vary", "connection"}
for line in sys.stdin.read().splitlines()[1:]:
    name, _, value = line.partition(": ")
    if name and name.lower() not in own:
        print("    add_header " + name + " \"" + value.replace("\"", "\\\"") + "\";")')
NGINX=$(free_port) NGINX_TLS=$(free_port)
cat >"$DIR/nginx.conf" <<CONF
worker_processes 1;
daemon off;
user $(id -un);
pid $DIR/nginx.pid;
error_log $DIR/nginx.log;
worker_rlimit_nofile 8192;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path $DIR/tmp; proxy_temp_path $DIR/tmp; fastcgi_temp_path $DIR/tmp; uwsgi_temp_path $DIR/tmp; scgi_temp_path $DIR/tmp;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=16;
  open_file_cache_valid 60s;
  types { text/html html; }
  charset utf-8;
  gzip_static on;
  gzip_vary on;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:10m;
  server {
    listen 127.0.0.1:$NGINX backlog=1024;
    listen 127.0.0.1:$NGINX_TLS ssl backlog=1024;
    ssl_certificate $DIR/tls.pem;
    ssl_certificate_key $DIR/tls.key;
    root $DIR/root;
$HEADERS
    location = /sv { try_files /sv.html =404; }
  }
}
CONF
nginx -p "$DIR" -c "$DIR/nginx.conf" >"$DIR/nginx.out" 2>&1 &
started $!
wait_port "$NGINX"
wait_port "$NGINX_TLS"
curl -sS -H 'Accept-Encoding: gzip' -o "$DIR/theirs.gz" "http://127.0.0.1:$NGINX/sv.html"
cmp -s "$DIR/theirs.gz" "$DIR/root/sv.html.gz" || fail "nginx serves other bytes"
WORKER=$(pgrep -P "$(cat "$DIR/nginx.pid")")

export BIN ROUNDS SECONDS_EACH NGINX NGINX_TLS WORKER DIR
python3 - <<'PY'
import os, re, statistics, subprocess, sys

env = os.environ
rounds, seconds, folder = int(env["ROUNDS"]), int(env["SECONDS_EACH"]), env["DIR"]
read = lambda name: open(f"{folder}/{name}").read()
tick = os.sysconf("SC_CLK_TCK")

def cpu(pid, thread):
    """CPU seconds of nginx's worker, or of our public thread."""
    tasks = f"/proc/{pid}/task"
    stat = f"/proc/{pid}/stat"
    if thread:
        [stat] = [f"{tasks}/{t}/stat" for t in os.listdir(tasks) if open(f"{tasks}/{t}/comm").read().strip() == thread]
    fields = open(stat).read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / tick

def load(url, connections, pid, thread):
    before = cpu(pid, thread)
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", "Accept-Encoding: gzip", url],
                         check=True, capture_output=True, text=True).stdout
    used = cpu(pid, thread) - before
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"{url}: {out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    requests = int(re.search(r"(\d+) requests in", out)[1])
    if requests == 0:
        sys.exit(f"{url}: no page came within {seconds} s; the machine is too busy for figures")
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out).groups()
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit], used / requests * 1e6

def sides(tls):
    s = "s" if tls else ""
    theirs = (f"http{s}://127.0.0.1:{env['NGINX_TLS' if tls else 'NGINX']}/sv.html", env["WORKER"], None)
    name = "tls" if tls else "plain"
    ours = (f"http{s}://127.0.0.1:{read(name + '.port')}/sv", read(name + ".pid"), "public")
    return theirs, ours

print(f"page of {os.path.getsize(folder + '/root/sv.html.gz')} bytes, compressed; medians of {rounds} interleaved rounds of {seconds} s; wrk, one thread")
print(f"{'':>24} {'nginx':>9} {'ours':>9} {'ratio':>6} {'p99 nginx':>10} {'p99 ours':>9} {'ratio':>6} {'CPU nginx':>10} {'CPU ours':>9}  gate")
held = True
for name, tls, connections, gate, broadcast in [
    ("plain, 50", False, 50, 1.3, False),
    ("plain, 500", False, 500, 1.0, False),
    ("TLS, 50", True, 50, 1.0, False),
    ("TLS, 500", True, 500, 1.0, False),
    ("plain, 50, broadcast", False, 50, 1.0, True),
]:
    beside = None
    if broadcast:
        mails = f'while :; do "{env["BIN"]}" bench --only smtp-10000; done'
        beside = subprocess.Popen(["bash", "-c", mails], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        got = []
        for n in range(rounds):
            theirs, ours = sides(tls)
            order = [("theirs", theirs), ("ours", ours)]
            one = {who: load(url, connections, pid, thread) for who, (url, pid, thread) in (order if n % 2 == 0 else order[::-1])}
            got.append((one["theirs"], one["ours"]))
    finally:
        if beside:
            os.killpg(beside.pid, 15)
            beside.wait()
    median = lambda of: statistics.median(of(theirs, ours) for theirs, ours in got)
    ratio, late = median(lambda t, o: o[0] / t[0]), median(lambda t, o: t[1] / o[1])
    print(f"{name:>24} {median(lambda t, o: t[0]):>7,.0f}/s {median(lambda t, o: o[0]):>7,.0f}/s {ratio:>6.2f} "
          f"{median(lambda t, o: t[1]):>7.2f} ms {median(lambda t, o: o[1]):>6.2f} ms {late:>6.2f} "
          f"{median(lambda t, o: t[2]):>7.1f} us {median(lambda t, o: o[2]):>6.1f} us  {gate} {'' if ratio >= gate else 'MISSED'}", flush=True)
    held = held and ratio >= gate
print("all gates are held" if held else "a gate is MISSED")
sys.exit(0 if held else 1)
PY
