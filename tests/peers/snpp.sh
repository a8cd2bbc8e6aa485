#!/usr/bin/env bash
# Paging against HylaFAX's SNPP server: the pages that it queues, put together, are the canonical text byte for byte; a pager
# that it rejects, a page longer than MESS takes, a SEND that blocks.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/paging/server.sh"
# Before hylafax-server, which otherwise pulls in another mail server.
need_deb postfix
need_deb hylafax-server socat
scratch
snpp_start
cargo_it peers::paging::hylafax || fail "see above, and $DIR"
