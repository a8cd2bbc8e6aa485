#!/usr/bin/env bash
# The journeys of people in Chromium: report, answer, approve, decide, update, correct, running again, all clear, stop; on a phone and a
# desktop, in both languages, with and without script, once by keyboard alone; with the taps and heights that are allowed. What is typed
# is kept, pages stay true by themselves, and who is hostile gets nowhere. `journeys/` has the steps.
. "$(dirname "$0")/lib.sh"
SITES=16
. "$(dirname "$0")/browser/site.sh"
in_browser journeys/all.js
