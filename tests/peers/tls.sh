#!/usr/bin/env bash
# TLS of both listeners as others speak it: curl, openssl s_client, nginx as a proxy before us; keys as openssl writes them; a
# certificate that is renewed while pages are read.
. "$(dirname "$0")/lib.sh"
need_deb curl openssl nginx-light
scratch
VARDKASE_BIN=${VARDKASE_BIN:-$PWD/target/debug/vardkase}
[ -x "$VARDKASE_BIN" ] || cargo build --locked
CONSOLE=$(free_port) PUBLIC=$(free_port) PROXY=$(free_port)
TLS=$DIR/tls
mkdir -p "$TLS" "$DIR/tmp"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Larm CA" -keyout "$TLS/ca.key" -out "$TLS/ca.pem" 2>/dev/null
certificate() { # NAME NEWKEY…: NAME.pem with its authority behind it, and NAME.key
    local name=$1
    shift
    openssl req "$@" -nodes -subj "/CN=localhost" -keyout "$TLS/$name.key" -out "$TLS/$name.csr" 2>/dev/null
    printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >"$TLS/$name.ext"
    openssl x509 -req -in "$TLS/$name.csr" -CA "$TLS/ca.pem" -CAkey "$TLS/ca.key" -CAcreateserial -days 20 -extfile "$TLS/$name.ext" \
        -out "$TLS/$name.leaf" 2>/dev/null
    cat "$TLS/$name.leaf" "$TLS/ca.pem" >"$TLS/$name.pem"
    chmod 600 "$TLS/$name.key"
}
certificate first -newkey ec -pkeyopt ec_paramgen_curve:P-256
certificate second -newkey rsa:2048
# The three forms that keys are written in: PKCS #8 as they are, SEC 1, PKCS #1.
openssl ec -in "$TLS/first.key" -out "$TLS/sec1.key" 2>/dev/null
openssl rsa -in "$TLS/second.key" -traditional -out "$TLS/pkcs1.key" 2>/dev/null
grep -q "BEGIN EC PRIVATE KEY" "$TLS/sec1.key" && grep -q "BEGIN RSA PRIVATE KEY" "$TLS/pkcs1.key" || fail "openssl wrote other keys"
put() { # NAME KEY: in the place that the server reads
    cp "$TLS/$2.key" "$TLS/now.key.new" && chmod 600 "$TLS/now.key.new"
    cp "$TLS/$1.pem" "$TLS/now.pem.new"
    mv "$TLS/now.pem.new" "$TLS/now.pem"
    mv "$TLS/now.key.new" "$TLS/now.key"
}
put first sec1
start() { # OPTIONS…
    "$VARDKASE_BIN" serve --state "$DIR/state" --listen "127.0.0.1:$CONSOLE" --public-listen "127.0.0.1:$PUBLIC" "$@" >>"$DIR/serve.log" 2>&1 &
    SERVER=$!
    started $SERVER
    wait_port "$CONSOLE"
    wait_port "$PUBLIC"
}
stop() {
    kill "$SERVER"
    wait "$SERVER" || fail "the server ended with $?; see $DIR/serve.log"
}
start --tls-cert "$TLS/now.pem" --tls-key "$TLS/now.key" --public-tls-cert "$TLS/now.pem" --public-tls-key "$TLS/now.key"

get() { # URL OPTIONS…
    curl -sS --max-time 10 --cacert "$TLS/ca.pem" "$@"
}
for port in "$CONSOLE" "$PUBLIC"; do
    for version in 1.2 1.3; do
        got=$(get -o /dev/null -w '%{http_code} %{http_version} %{ssl_verify_result}' "--tlsv$version" --tls-max "$version" "https://localhost:$port/sv") ||
            fail "curl by TLS $version at $port"
        case $got in 200' '1.1' '0 | 303' '1.1' '0 | 404' '1.1' '0) ;; *) fail "curl by TLS $version at $port: $got" ;; esac
        # openssl keeps the session, and shows it again: for TLS 1.3 it must read until the tickets come.
        old=-tls1_${version#1.}
        printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >"$DIR/request"
        (cat "$DIR/request"; sleep 0.5) | openssl s_client -connect "localhost:$port" -CAfile "$TLS/ca.pem" "$old" -sess_out "$DIR/session" -ign_eof >"$DIR/out" 2>&1 ||
            fail "openssl by TLS $version at $port: $(tail -n 3 "$DIR/out")"
        grep -q "Verify return code: 0 (ok)" "$DIR/out" || fail "openssl does not believe us at $port"
        (cat "$DIR/request"; sleep 0.5) | openssl s_client -connect "localhost:$port" -CAfile "$TLS/ca.pem" "$old" -sess_in "$DIR/session" -ign_eof >"$DIR/out" 2>&1
        grep -q "^Reused, TLSv$version" "$DIR/out" || fail "TLS $version at $port: the session was not taken up: $(grep -m1 -E '^(New|Reused)' "$DIR/out")"
    done
    # Debian's openssl speaks 1.1 only when its level is lowered: refused by us, not by it.
    if openssl s_client -connect "localhost:$port" -tls1_1 -cipher 'ALL:@SECLEVEL=0' </dev/null >"$DIR/out" 2>&1; then
        fail "TLS 1.1 is spoken at $port"
    fi
    grep -qi "alert protocol version\|alert handshake failure" "$DIR/out" || fail "TLS 1.1 at $port ended otherwise: $(head -n 3 "$DIR/out")"
    got=$(curl -sS --max-time 10 "http://localhost:$port/") || fail "plain HTTP at $port is not answered"
    grep -q "this port speaks HTTPS" <<<"$got" || fail "plain HTTP at $port is told: $got"
done
printf 'ok curl and openssl: TLS 1.2 and 1.3, sessions taken up, none older, plain HTTP told\n'

# A certificate renewed while pages are read: the second has another kind of key, and comes in two steps.
(while [ ! -e "$DIR/enough" ]; do
    get -o /dev/null -w '%{http_code}\n' "https://localhost:$PUBLIC/sv" >>"$DIR/codes" 2>>"$DIR/errors" || echo failed >>"$DIR/codes"
done) &
started $!
# One connection that was there before goes on.
mkfifo "$DIR/held"
openssl s_client -connect "localhost:$PUBLIC" -CAfile "$TLS/ca.pem" -quiet <"$DIR/held" >"$DIR/held.out" 2>/dev/null &
started $!
exec 9>"$DIR/held"
shows() { # what the listener shows now
    openssl s_client -connect "localhost:$PUBLIC" -CAfile "$TLS/ca.pem" </dev/null 2>/dev/null | openssl x509 -noout -serial
}
before=$(shows)
put second pkcs1
after=$before
for _ in $(seq 150); do
    printf 'GET /sv HTTP/1.1\r\nHost: localhost\r\n\r\n' >&9
    after=$(shows)
    [ "$after" = "$before" ] || break
    sleep 0.2
done
[ "$after" = "$(openssl x509 -in "$TLS/second.leaf" -noout -serial)" ] || fail "the new certificate was not shown within 30 s: $after"
sleep 1
printf 'GET /en HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&9
exec 9>&-
touch "$DIR/enough"
sleep 0.5
asked=$(wc -l <"$DIR/codes")
bad=$(grep -vc '^200$' "$DIR/codes" || true)
[ "$asked" -gt 5 ] && [ "$bad" -eq 0 ] || fail "$bad of $asked pages failed around a new certificate: $(sort "$DIR/codes" | uniq -c); $(tail -n 2 "$DIR/errors")"
grep -aq 'content-language: en' "$DIR/held.out" || fail "the connection that was there before was lost"
VARDKASE_STATE=$DIR/state "$VARDKASE_BIN" status --server "https://127.0.0.1:$CONSOLE" >/dev/null || fail "the command line does not know the new certificate"
printf 'ok a new certificate: %d pages read meanwhile, none failed, the old connection went on\n' "$asked"
stop

# nginx with TLS before the console: it is believed for whom it speaks. Ten wrong tokens of one visitor cost that one alone.
cat >"$DIR/nginx.conf" <<CONF
worker_processes 1;
daemon off;
user $(id -un);
pid $DIR/nginx.pid;
error_log $DIR/nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $DIR/tmp; proxy_temp_path $DIR/tmp; fastcgi_temp_path $DIR/tmp; uwsgi_temp_path $DIR/tmp; scgi_temp_path $DIR/tmp;
  server {
    listen 127.0.0.1:$PROXY ssl;
    ssl_certificate $TLS/first.pem;
    ssl_certificate_key $TLS/first.key;
    location / {
      proxy_pass http://127.0.0.1:$CONSOLE;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto \$scheme;
    }
    # A hop before this one, with visitors of its own.
    location /from/ {
      proxy_pass http://127.0.0.1:$CONSOLE/;
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For "\$http_x_visitor, \$remote_addr";
      proxy_set_header X-Forwarded-Proto \$scheme;
    }
  }
}
CONF
nginx -p "$DIR" -c "$DIR/nginx.conf" >"$DIR/nginx.out" 2>&1 &
started $!
wait_port "$PROXY"
start --trusted-proxy 127.0.0.1
head=$(get -D - -o /dev/null -H "Authorization: Bearer $(cat "$DIR/state/console-token")" "https://localhost:$PROXY/api/v1/status")
grep -qi '^strict-transport-security: max-age=31536000' <<<"$head" || fail "no Strict-Transport-Security behind nginx: $head"
head=$(curl -sS -D - -o /dev/null -H "X-Forwarded-Proto: http" "http://127.0.0.1:$CONSOLE/healthz")
grep -qi '^strict-transport-security' <<<"$head" && fail "Strict-Transport-Security without TLS: $head"
ask() { # VISITOR TOKEN
    get -o /dev/null -w '%{http_code}' -H "X-Visitor: $1" -H "Authorization: Bearer $2" "https://localhost:$PROXY/from/api/v1/status"
}
token=$(cat "$DIR/state/console-token")
for n in $(seq 10); do
    got=$(ask 203.0.113.9 wrong-token)
    [ "$got" = 401 ] || fail "wrong token $n behind nginx: $got"
done
got=$(ask 203.0.113.9 "$token")
[ "$got" = 429 ] || fail "whoever guessed behind nginx is not slowed: $got"
got=$(ask 203.0.113.8 "$token")
[ "$got" = 200 ] || fail "another visitor behind nginx is held up: $got"
stop
printf 'ok nginx before us: it says for whom it speaks, and that they came by TLS\n'
