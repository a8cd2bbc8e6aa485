#!/usr/bin/env bash
# SMPP against a centre on npm's `smpp`: what it decodes, parts joined, is the text byte for byte; errors, throttling, receipts in
# every order and notation, no answer, answers of people acknowledged when they are kept.
. "$(dirname "$0")/lib.sh"
need_npm smpp@0.5.1
scratch
PORT=$(free_port)
node "$(dirname "$0")/smpp/smsc.js" "$PORT" "$DIR" >"$DIR/node.log" 2>&1 &
started $!
wait_port "$PORT"
SMPP_PORT=$PORT SMPP_DIR=$DIR cargo_it peers::smpp::
printf 'ok smpp: %s texts came out whole\n' "$(wc -l <"$DIR/shown")"
