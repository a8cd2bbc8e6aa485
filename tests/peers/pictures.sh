#!/usr/bin/env bash
# The pictures of docs/images, taken anew of a running region: look at each before it is kept. Not part of `run`.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/browser/site.sh"
PICTURES=${PICTURES:-docs/images} in_browser browser/pictures.js
