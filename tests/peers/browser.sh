#!/usr/bin/env bash
# Every page of the console in Chromium, with a running incident: axe-core in both languages, light, dark and for print; three widths
# without a sideways scroll; what is pressed is large enough. `browser/` has the steps.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/browser/site.sh"
in_browser browser/all.js
