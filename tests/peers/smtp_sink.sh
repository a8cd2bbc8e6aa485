#!/usr/bin/env bash
# E-mail against Postfix's smtp-sink: what it dumps is the canonical text, and each of its fault modes ends as it must.
. "$(dirname "$0")/lib.sh"
need_deb postfix
scratch
chmod 755 "$PEERS_DIR" "$DIR"
mkdir "$DIR/dump"
chown postfix "$DIR/dump"
cd_from=$PWD
sink() { # NAME ARGS…: starts one, and exports its port
    local port name=$1
    port=$(free_port)
    shift
    (cd "$DIR" && exec smtp-sink -u postfix "$@" "127.0.0.1:$port" 100 >"$name.log" 2>&1) &
    started $!
    wait_port "$port"
    export "VARDKASE_PEER_SINK_$name=$port"
}
sink GOOD -d 'dump/%M.' -h sink.example
sink BARE -p -h bare.example              # without PIPELINING
sink DROP -q RCPT -h drop.example         # closes at RCPT
sink LEAVE -Q RCPT -h leave.example       # says 421 at RCPT and closes
sink SOFT -r RCPT -h soft.example         # 450 to RCPT
sink HARD -f . -h hard.example            # 500 after the text
sink SLOW -w 3 -h slow.example            # three seconds before each answer to DATA
export VARDKASE_PEER_SINK_DUMP=$DIR/dump
cd "$cd_from"
cargo_it peers::sink || fail "see above, and the logs in $DIR"
