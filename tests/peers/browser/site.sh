# What scripts with a browser begin with, after lib.sh: what they need, the program, and ports for `site.js`.
need_deb chromium fonts-liberation
need_npm playwright-core@1.65.1 axe-core@4.14.1
scratch
PROGRAM=${VARDKASE_PROGRAM:-${VARDKASE_BIN:-target/debug/vardkase}}
[ -x "$PROGRAM" ] || cargo build --locked
BROWSER_PORTS=$(for _ in $(seq "${SITES:-1}"); do free_port; free_port; free_port; done)
export BROWSER_PROGRAM=$PROGRAM BROWSER_DIR=$DIR BROWSER_PORTS BROWSER_CHROMIUM=${BROWSER_CHROMIUM:-$(command -v chromium)}
in_browser() { # FILE: a script of node; the lines of its servers stay beside it when it fails
    node "$(dirname "$0")/$1" || fail "see above; the servers' lines are in $DIR"
}
