# Arguments: RANGE LAYOUT LOG PROGRAM [ARGUMENT…], in a network namespace of its own.
set -eu
range=$1 layout=$2 log=$3
shift 3

ip link set lo up
"$range" --layout "$layout" >"$log" 2>&1 &
process=$!
trap 'kill "$process" 2>/dev/null || true' EXIT

# The range's last line before it waits.
until grep -q '^Ctrl-C ends it' "$log"; do
    if ! kill -0 "$process" 2>/dev/null; then
        echo "the practice range did not start:" >&2
        cat "$log" >&2
        exit 1
    fi
    sleep 0.1
done
"$@"
