#!/usr/bin/env bash
# Passkeys in Chromium, with its virtual authenticator (CDP): added, signed in with, refused when they are taken away; by name, over
# TLS and without; by address and without script the password stands alone.
. "$(dirname "$0")/lib.sh"
need_deb chromium fonts-liberation openssl
need_npm playwright-core@1.65.1 axe-core@4.14.1
scratch
PROGRAM=${VARDKASE_BIN:-${VARDKASE_PROGRAM:-target/debug/vardkase}}
[ -x "$PROGRAM" ] || cargo build --locked

# A certificate for `localhost`, which the browser is told to believe by its key.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>"$DIR/openssl.log" || fail "see $DIR/openssl.log"
BROWSER_BELIEVES=$(openssl x509 -in "$DIR/cert.pem" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
export BROWSER_BELIEVES BROWSER_CHROMIUM=${BROWSER_CHROMIUM:-$(command -v chromium)}

for scheme in http https; do
    console=$(free_port)
    tls=()
    [ $scheme = http ] || tls=(--tls-cert "$DIR/cert.pem" --tls-key "$DIR/key.pem")
    "$PROGRAM" serve --state "$DIR/state-$scheme" --listen "127.0.0.1:$console" --public-listen "127.0.0.1:$(free_port)" \
        --console-url "$scheme://localhost:$console" ${tls[@]+"${tls[@]}"} >"$DIR/serve-$scheme.log" 2>&1 &
    started $!
    wait_port "$console"
    wait_file "$DIR/state-$scheme/console-token"
    export BROWSER_STATE=$DIR/state-$scheme BROWSER_CONSOLE=$scheme://localhost:$console
    # The API is asked by node, which believes the certificate as its own authority.
    NODE_EXTRA_CA_CERTS=$DIR/cert.pem node "$(dirname "$0")/passkeys/all.js" ||
        fail "$scheme: see above; the server's lines are in $DIR/serve-$scheme.log"
done
