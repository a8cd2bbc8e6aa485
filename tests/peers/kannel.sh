#!/usr/bin/env bash
# Kannel over HTTP: bearerbox, smsbox and its fake centre. What fakesmsc prints, parts joined, is the text; receipts and answers come
# back by callback, in either order.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kannel/server.sh"
need_deb kannel kannel-extras
scratch
kannel_start
KANNEL_PORT=$SEND KANNEL_BACK=$BACK KANNEL_DIR=$DIR KANNEL_PHONES=$PHONES FAKESMSC=$FAKESMSC cargo_it peers::kannel::
printf 'ok kannel: %s SMS came out\n' "$(grep -c 'Got message' "$DIR/fake.out")"
