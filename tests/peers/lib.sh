# Shared by the scripts of this folder; each is run as `bash tests/peers/NAME.sh` from the repository's root.
# Every server runs on loopback, in a scratch folder, and is ended by its own pid. What can't be installed fails the run.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

NAME=$(basename "$0" .sh)
PEERS_DIR=${PEERS_DIR:-$(mktemp -d)}
DIR=$PEERS_DIR/$NAME
PIDS=()

fail() { # what went wrong, and what to do
    printf 'FAILED %s: %s\n' "$NAME" "$*" >&2
    exit 1
}

# `run` first asks each script what it needs (PEERS_LIST), and installs that for all of them in one go: every need_… stands before
# scratch.
listed() { # KIND NAME…: says what is needed instead of installing it
    [ -n "${PEERS_LIST:-}" ] || return 1
    local kind=$1
    shift
    printf "$kind %s\n" "$@"
}

scratch() { # an empty folder of the script's own, in $DIR
    [ -z "${PEERS_LIST:-}" ] || exit 0
    rm -rf "$DIR"
    mkdir -p "$DIR"
}

end_all() {
    local pid
    # The last started ends first: what depends on another goes before it.
    for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
        pid=${PIDS[$i]}
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${PIDS[@]}"; do
        for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
    done
}
trap end_all EXIT

started() { # remembers the pid of a server that was just put into the background
    PIDS+=("$1")
}

need_deb() { # Debian packages, by name
    local missing=() p sudo=""
    listed deb "$@" && return
    for p in "$@"; do dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p"); done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$PEERS_DIR/apt-$NAME.log" 2>&1 ||
        { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
            >"$PEERS_DIR/apt-$NAME.log" 2>&1; } ||
        fail "Debian's packages can't be installed: ${missing[*]} (see $PEERS_DIR/apt-$NAME.log)"
}

need_npm() { # npm packages into $PEERS_DIR/node; NODE_PATH points there
    command -v npm >/dev/null || need_deb nodejs npm
    listed npm "$@" && return
    export NODE_PATH=$PEERS_DIR/node/node_modules
    local p missing=""
    for p in "$@"; do [ -d "$NODE_PATH/${p%@*}" ] || missing=1; done
    [ -n "$missing" ] || return 0
    mkdir -p "$PEERS_DIR/node"
    npm install --silent --no-audit --no-fund --prefix "$PEERS_DIR/node" "$@" >"$PEERS_DIR/npm-$NAME.log" 2>&1 ||
        fail "npm's packages can't be installed: $* (see $PEERS_DIR/npm-$NAME.log)"
}

need_pip() { # PyPI packages into a virtual environment; $PYTHON is its interpreter
    listed pip "$@" && return
    PYTHON=$PEERS_DIR/venv/bin/python
    [ -x "$PYTHON" ] || python3 -m venv "$PEERS_DIR/venv" >/dev/null 2>&1 || { need_deb python3-venv && python3 -m venv "$PEERS_DIR/venv"; }
    "$PYTHON" -m pip install -q --disable-pip-version-check "$@" >"$PEERS_DIR/pip-$NAME.log" 2>&1 ||
        fail "PyPI's packages can't be installed: $* (see $PEERS_DIR/pip-$NAME.log)"
}

wait_port() { # PORT [SECONDS]: until something listens on loopback
    local i
    for ((i = 0; i < ${2:-20} * 10; i++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    fail "nothing listens on port $1 after ${2:-20} s"
}

wait_file() { # PATH [SECONDS]: until it is there and not empty
    local i
    for ((i = 0; i < ${2:-20} * 10; i++)); do
        [ -s "$1" ] && return
        sleep 0.1
    done
    fail "$1 did not come within ${2:-20} s"
}

free_port() { # a port that nothing uses, and that no other script of this run is given: below those that the system hands out
    python3 - "$PEERS_DIR/ports" <<'PYTHON'
import fcntl, socket, sys
with open(sys.argv[1], "a+") as given:
    fcntl.flock(given, fcntl.LOCK_EX)
    given.seek(0)
    before = given.read().split()
    port = int(before[-1]) if before else 20000
    while True:
        port += 1
        try:
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
            break
        except OSError:
            pass
    print(port, file=given)
print(port)
PYTHON
}

same_text() { # WHAT EXPECTED GOT: byte for byte
    [ "$2" = "$3" ] || fail "$1 differs
  expected: $2
  got:      $3"
    printf 'ok %s: %d bytes are the same\n' "$1" "${#2}"
}

cargo_it() { # FILTER [ARGS]: the ignored Rust tests of a peer, in what `run` built
    if [ -n "${VARDKASE_IT:-}" ]; then
        "$VARDKASE_IT" --ignored --test-threads=1 --nocapture "$@"
    else
        cargo test --locked --test it -- --ignored --test-threads=1 --nocapture "$@"
    fi
}
