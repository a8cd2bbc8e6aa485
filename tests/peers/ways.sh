#!/usr/bin/env bash
# A gateway that fails without saying so, and the next one: the program over a centre on npm's `smpp` and a small HTTP server, each
# of which accepts and drops, says "later" for ever, answers what nobody can read, or is not there. Prints how long it took until
# the text stood on a telephone.
. "$(dirname "$0")/lib.sh"
need_npm smpp@0.5.1
scratch
for fault in well drop later odd; do
    for kind in smpp http; do
        PORT=$(free_port)
        mkdir -p "$DIR/$kind-$fault"
        file=$(dirname "$0")/ways/http.js
        [ $kind = http ] || file=$(dirname "$0")/smpp/smsc.js
        node "$file" "$PORT" "$DIR/$kind-$fault" "$fault" >"$DIR/$kind-$fault.log" 2>&1 &
        started $!
        wait_port "$PORT"
        export "WAYS_${kind^^}_${fault^^}=$PORT"
    done
done
export WAYS_DIR=$DIR WAYS_SMPP_PASSWORD=secret WAYS_HTTP_PASSWORD=secret WAYS_CALLBACK=hemligt-nog-for-ett-prov
cargo_it peers::ways::
