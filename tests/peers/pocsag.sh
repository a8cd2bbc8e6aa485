#!/usr/bin/env bash
# POCSAG: multimon-ng decodes our sound at 512, 1200 and 2400 bits a second with the Swedish character set, from files and
# from a stream; what it reads is the canonical text byte for byte.
. "$(dirname "$0")/lib.sh"
need_deb multimon-ng
scratch
export VARDKASE_PEER_FOLDER=$DIR
cargo_it peers::paging::a_decoder || fail "see above, and $DIR"
