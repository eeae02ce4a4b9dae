#!/usr/bin/env bash
# Fills the corpora from the golden captures, and from the folder of captures that is given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p corpus/file corpus/pieces corpus/conversation
for file in ../tests/golden/*/capture ${1:+"$1"/*cap*}; do
    name="$(echo "$file" | tr -c 'a-zA-Z0-9.\n' _)"
    cp "$file" "corpus/file/$name"
    { printf '\377'; cat "$file"; } >"corpus/pieces/$name"
done
printf '\002\000\000\202\000\000\030\000\046CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\230\000\023HTTP/1.1 200 OK\r\n\r\n' >corpus/conversation/connect
