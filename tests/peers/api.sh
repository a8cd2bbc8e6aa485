#!/usr/bin/env bash
# The API of a running server with a drill and a real incident, by programs that know nothing of it but its description: Redocly reads that,
# PyPI's `jsonschema` judges each answer by it, `schemathesis` sends what nobody would think of, with a narrow token and with one that may
# everything; curl listens to what happens, and a webhook behind PyPI's `standardwebhooks` is told it, over a kill of the server.
. "$(dirname "$0")/lib.sh"
need_deb curl openssl
need_npm @redocly/cli@1.34.20
need_pip schemathesis==4.32.5 jsonschema==4.26.0 standardwebhooks==1.0.1
scratch
VARDKASE_BIN=${VARDKASE_BIN:-$PWD/target/debug/vardkase}
[ -x "$VARDKASE_BIN" ] || cargo build --locked
# So long each run of schemathesis goes on, in seconds.
FUZZ_S=${API_FUZZ_S:-30}

CONSOLE=$(free_port)
URL=http://127.0.0.1:$CONSOLE
export VARDKASE_STATE=$DIR/state VARDKASE_SERVER=$URL VARDKASE_AS=it-bered
HOOK=$(free_port)
SECRET=whsec_$(openssl rand -base64 32)
printf '%s' "$SECRET" >"$DIR/hook-secret"
chmod 600 "$DIR/hook-secret"
"$VARDKASE_BIN" config init --built-in "$DIR/region" >/dev/null
cat >"$DIR/region/channels/webhooks.yaml" <<YAML
webhooks:
  desk: { url: "http://127.0.0.1:$HOOK/hook", secret: { file: $DIR/hook-secret } }
YAML
"$PYTHON" "$(dirname "$0")/api/hook.py" "$HOOK" "$SECRET" "$DIR/hook.jsonl" &
started $!
wait_port "$HOOK"
serve() {
    "$VARDKASE_BIN" serve --config "$DIR/region" --listen "127.0.0.1:$CONSOLE" --public-listen 127.0.0.1:0 >>"$DIR/serve.log" 2>&1 &
    SERVER=$!
    started $SERVER
    wait_port "$CONSOLE"
}
serve

curl -fsS "$URL/api/v1/openapi.json" -o "$DIR/openapi.json" || fail "the description is not served"
"$VARDKASE_BIN" schema api | "$PYTHON" -c 'import json, sys
sys.exit(json.load(sys.stdin) != json.load(open(sys.argv[1])))' "$DIR/openapi.json" || fail "the program prints another description"
REDOCLY_TELEMETRY=off "$PEERS_DIR/node/node_modules/.bin/redocly" lint --format=json --skip-rule=no-unused-components \
    "$DIR/openapi.json" >"$DIR/redocly.json" 2>"$DIR/redocly.log" || true
"$PYTHON" -c 'import json, sys
found = json.load(open(sys.argv[1]))["totals"]
print("ok api: redocly finds", found["errors"], "errors and", found["warnings"], "warnings")
sys.exit(found["errors"] + found["warnings"] > 0)' "$DIR/redocly.json" || fail "redocly finds mistakes: $DIR/redocly.json"

"$PYTHON" "$(dirname "$0")/api/judge.py" "$URL" "$DIR/state/console-token" "$DIR" || fail "see above; the server's lines are in $DIR/serve.log"

# What happens, from the first record on; then from where that stopped, while something happens.
listen() { # FROM FILE SECONDS
    curl -sSN --max-time "$3" -H "Authorization: Bearer $(cat "$DIR/token.narrow")" -H "Last-Event-ID: $1" "$URL/api/v1/events" >"$2" 2>/dev/null || true
}
listen 0 "$DIR/first.sse" 2
last=$(sed -n 's/^id: //p' "$DIR/first.sse" | tail -n 1)
listen "$last" "$DIR/second.sse" 4 &
listening=$!
sleep 1
"$VARDKASE_BIN" report pacs --level major --safety no >/dev/null || fail "no second incident can be reported"
wait "$listening" || true
"$PYTHON" "$(dirname "$0")/api/events.py" "$URL" "$DIR/token.narrow" "$DIR/first.sse" "$DIR/second.sse" || fail "events are missed or doubled"

for rights in narrow all; do
    (cd "$DIR" && "$PEERS_DIR/venv/bin/schemathesis" run "$URL/api/v1/openapi.json" --exclude-path /events --max-time "$FUZZ_S" --phases examples,coverage,fuzzing \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance \
        --header "Authorization: Bearer $(cat "$DIR/token.$rights")" --request-timeout 20 --no-shrink --seed 1 --workers 2 \
        --suppress-health-check all --warnings off --no-color --output-sanitize true >"$DIR/schemathesis.$rights.log" 2>&1) ||
        { tail -n 80 "$DIR/schemathesis.$rights.log"; fail "schemathesis found what it should not ($DIR/schemathesis.$rights.log)"; }
    printf 'ok api: schemathesis with a %s token: %s\n' "$rights" "$(grep -E ' generated' "$DIR/schemathesis.$rights.log" | tail -n 1 | tr -s ' ')"
done
curl -fsS "$URL/healthz" >/dev/null || fail "the server is gone"

# The webhook was told all of that, over a kill in the midst of it.
"$VARDKASE_BIN" report telephony --level critical --safety no --yes >/dev/null || fail "no third incident can be reported"
kill -9 "$SERVER"
wait "$SERVER" 2>/dev/null || true
serve
"$PYTHON" "$(dirname "$0")/api/hooked.py" "$URL" "$DIR/token.narrow" "$DIR/hook.jsonl" || fail "the webhook was not told what happened"
if grep -nE 'panicked' "$DIR/serve.log"; then fail "the server panicked"; fi
