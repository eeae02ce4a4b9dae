#!/usr/bin/env bash
# Makes the golden captures from real traffic between two network namespaces of its own: curl, Chromium, Firefox, openssl,
# squid, nftables, dnsmasq.
# Usage, as root: make.sh [CASE…]. Afterwards look at what has changed in each expected.json, and why.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d)"
client="cc-golden-c$$" server="cc-golden-s$$"
jobs_started=()

cleanup() {
    for pid in "${jobs_started[@]}"; do kill "$pid" 2>/dev/null || true; done
    ip netns del "$client" 2>/dev/null || true
    ip netns del "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

in_client() { ip netns exec "$client" "$@"; }
in_server() { ip netns exec "$server" "$@"; }
background() { "$@" >>"$work/log" 2>&1 & jobs_started+=($!); }

ip netns add "$client"
ip netns add "$server"
ip link add cc0 netns "$client" type veth peer name cc0 netns "$server"
for name in "$client" "$server"; do
    ip -n "$name" link set lo up
    ip -n "$name" link set cc0 up
    # Segments as the wire has them, not as the card gets them.
    ip netns exec "$name" ethtool -K cc0 tso off gso off gro off tx off 2>/dev/null || true
done
ip -n "$client" addr add 203.0.113.2/24 dev cc0
ip -n "$server" addr add 203.0.113.1/24 dev cc0
ip -n "$server" addr add 203.0.113.3/24 dev cc0
ip -n "$client" addr add 2001:db8::2/64 dev cc0 nodad
ip -n "$server" addr add 2001:db8::1/64 dev cc0 nodad
in_server nft add table inet f
in_server nft 'add chain inet f in { type filter hook input priority 0; }'

# Elliptic curves keep the captures small.
cd "$work"
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/O=$2/CN=$3" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
authority root "Golden Tests" "Golden Root"
authority bump "Example Inspection" "Example Inspection CA"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=connector.example" -keyout leaf.key -out leaf.csr 2>/dev/null
printf 'subjectAltName=DNS:connector.example,DNS:*.connector.example\n' >leaf.ext
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -days 365 -sha256 -extfile leaf.ext -out leaf.pem 2>/dev/null
openssl req -x509 -newkey rsa:2048 -sha512 -nodes -days 3650 -subj "/CN=sha512.example" -keyout sha512.key -out sha512.pem 2>/dev/null

tls_server() { # port, options…
    local port="$1"; shift
    background ip netns exec "$server" openssl s_server -accept "$port" -cert leaf.pem -key leaf.key -www -quiet "$@"
}
LOW="DEFAULT@SECLEVEL=0"
tls_server 443
tls_server 4410 -tls1 -cipher "$LOW"
tls_server 4411 -tls1_1 -cipher "$LOW"
tls_server 4412 -tls1_2
tls_server 4413 -tls1_3
tls_server 4414 -tls1_3 -groups P-384
tls_server 4415 -tls1_2 -verify 1
background ip netns exec "$server" openssl s_server -accept 4416 -cert sha512.pem -key sha512.key -www -quiet -tls1_2

printf '#!/bin/sh\nwhile read line; do echo "BH no ticket here"; done\n' >helper
printf '#!/bin/sh\nwhile read user word; do [ "$user $word" = "admin secret" ] && echo OK || echo ERR; done\n' >basic
chmod 755 helper basic "$work"
squid_server() { # port, lines of configuration
    mkdir -p "squid$1"
    cat >"squid$1.conf" <<CONF
http_port 203.0.113.1:$1 ${3:-}
pid_filename none
netdb_filename none
access_log none
cache_log $work/squid$1/log
cache deny all
coredump_dir $work/squid$1
visible_hostname proxy.example
shutdown_lifetime 0
pinger_enable off
error_directory /usr/share/squid/errors/en
forward_timeout 3 seconds
connect_timeout 2 seconds
$2
CONF
    chown -R proxy "squid$1" 2>/dev/null || true
    background ip netns exec "$server" squid -N -n "golden$1" -f "$work/squid$1.conf"
}
squid_server 3128 "acl ports port 443 4412 4413 4999
http_access deny !ports
http_access allow all"
squid_server 3129 "auth_param negotiate program $work/helper
auth_param ntlm program $work/helper
auth_param basic program $work/basic
auth_param basic realm one, two
acl known proxy_auth REQUIRED
http_access allow known"
squid_server 3130 "deny_info 502:ERR_CANNOT_FORWARD all
http_access deny all"
squid_server 3132 "auth_param basic program $work/basic
acl known proxy_auth REQUIRED
http_access allow known"
squid_server 3133 "http_access deny all"
cat bump.pem bump.key >bump.both
/usr/lib/squid/security_file_certgen -c -s "$work/certificates" -M 4MB >/dev/null
chown -R proxy certificates bump.both
squid_server 3131 "sslcrtd_program /usr/lib/squid/security_file_certgen -s $work/certificates -M 4MB
ssl_bump bump all
sslproxy_cert_error allow all
tls_outgoing_options flags=DONT_VERIFY_PEER
http_access allow all" "ssl-bump cert=$work/bump.both generate-host-certificates=on dynamic_cert_mem_cache_size=4MB"
for port in 3128 3129 3130 3131 3132 3133 443 4410 4411 4412 4413 4414 4415 4416; do
    for _ in $(seq 1 300); do
        in_server ss -Hltn "sport = :$port" | grep -q . && break
        sleep 0.2
    done || true
    in_server ss -Hltn "sport = :$port" | grep -q . || { echo "nothing listens on $port; the log:"; cat "$work/log" "$work"/squid"$port"/log 2>/dev/null; exit 1; }
done

case_of=""
begin() { # name, interface, filter
    case_of="$1"
    dumpcap_pid=""
    ip netns exec "$client" dumpcap -q -i "${2:-cc0}" -f "${3:-tcp or icmp or icmp6[0] == 1 or vlan}" -w "$work/case.pcapng" >/dev/null 2>&1 &
    dumpcap_pid=$!
    sleep 1
}
facts() {
    cargo run --quiet --manifest-path "$here/../../Cargo.toml" --example facts -- "$here/$case_of/capture" >"$here/$case_of/expected.json"
}
end() {
    sleep 0.4
    kill -INT "$dumpcap_pid"; wait "$dumpcap_pid" || true
    mkdir -p "$here/$case_of"
    # Without what the machine tells of itself in pcapng.
    editcap -F pcap "$work/case.pcapng" "$here/$case_of/capture"
    facts
    printf '%-24s %6s bytes\n' "$case_of" "$(stat -c %s "$here/$case_of/capture")"
}
wanted=("$@")
want() { [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }
ask() { in_client curl -sS -o /dev/null --max-time 8 --resolve "connector.example:443:203.0.113.3" "$@" >>"$work/log" 2>&1 || true; }
capture() { # name, curl options…
    local name="$1"; shift
    want "$name" || return 0
    begin "$name"; ask "$@"; end
}

# What a browser does on its way to one page; Chromium's and Firefox's own services are switched off as far as they can be.
browse() { # name, browser, port of the proxy
    local name="$1" home="$work/home-$1"
    want "$name" || return 0
    mkdir -p "$home/profile"
    begin "$name"
    case "$2" in
        chromium)
            in_client env HOME="$home" timeout 12 chromium --headless --no-sandbox --user-data-dir="$home/profile" --dump-dom \
                --no-first-run --disable-background-networking --disable-component-update --disable-sync \
                --disable-features=OptimizationHints,MediaRouter --ignore-certificate-errors \
                --proxy-server="203.0.113.1:$3" https://203.0.113.3/ >>"$work/log" 2>&1 || true ;;
        firefox)
            printf 'user_pref("%s", %s);\n' network.proxy.type 1 network.proxy.ssl '"203.0.113.1"' network.proxy.ssl_port "$3" \
                network.captive-portal-service.enabled false network.connectivity-service.enabled false \
                services.settings.server '"data:,"' browser.newtabpage.enabled false toolkit.telemetry.enabled false \
                extensions.getAddons.cache.enabled false browser.safebrowsing.update.enabled false app.normandy.enabled false \
                browser.region.update.enabled false network.dns.disablePrefetch true \
                >"$home/profile/user.js"
            in_client env HOME="$home" timeout 14 firefox-esr --headless --profile "$home/profile" https://203.0.113.3/ >>"$work/log" 2>&1 || true ;;
    esac
    end
    # Only what was asked for, twice at the most: browsers also ask for hosts of their makers.
    local streams capture="$here/$name/capture"
    streams="$(tshark -r "$capture" -Y 'http.request.uri == "203.0.113.3:443"' -T fields -e tcp.stream 2>/dev/null | sort -un | head -2)"
    [ -n "$streams" ] || { echo "$name: the browser has not asked"; exit 1; }
    tshark -r "$capture" -Y "tcp.stream in {$(echo $streams | tr ' ' ',')}" -F pcap -w "$work/filtered" 2>/dev/null
    mv "$work/filtered" "$capture"
    facts
}

TLS12="--tls-max 1.2 --tlsv1.2"
capture proxy-tunnel-tls12 -k -p -x 203.0.113.1:3128 $TLS12 https://203.0.113.3/
capture proxy-tunnel-tls13 -k -p -x 203.0.113.1:3128 https://203.0.113.3/
capture proxy-407 -k -x 203.0.113.1:3129 https://203.0.113.3/
capture proxy-407-then-basic -k -x 203.0.113.1:3132 --proxy-anyauth -U admin:secret $TLS12 https://203.0.113.3/
capture proxy-407-ntlm -k -x 203.0.113.1:3129 -U admin:secret --proxy-ntlm https://203.0.113.3/
capture proxy-403 -k -x 203.0.113.1:3128 https://203.0.113.3:9090/
capture proxy-502 -k -x 203.0.113.1:3130 https://203.0.113.3/
capture proxy-503 -k -x 203.0.113.1:3128 https://203.0.113.3:4999/
for browser in chromium firefox; do
    browse "$browser-proxy-407-basic" "$browser" 3132
    browse "$browser-proxy-403" "$browser" 3133
    browse "$browser-proxy-bump" "$browser" 3131
done
capture proxy-bump -k -x 203.0.113.1:3131 $TLS12 https://203.0.113.3/
capture tls10 -k --tlsv1.0 --tls-max 1.0 --ciphers "$LOW" https://203.0.113.1:4410/
capture tls11 -k --tlsv1.0 --tls-max 1.1 --ciphers "$LOW" https://203.0.113.1:4411/
capture tls12 -k --resolve connector.example:4412:203.0.113.1 https://connector.example:4412/
capture tls13 -k --resolve connector.example:4413:203.0.113.1 https://connector.example:4413/
capture tls13-retry -k --curves X25519:P-384 https://203.0.113.1:4414/
capture tls12-client-certificate -k https://203.0.113.1:4415/
capture tls12-sha512 -k https://203.0.113.1:4416/
capture alert-version -k $TLS12 https://203.0.113.1:4413/
capture alert-unknown-ca $TLS12 --cacert bump.pem --resolve connector.example:4412:203.0.113.1 https://connector.example:4412/
capture ipv6 -g -k --resolve "connector.example:443:[2001:db8::1]" https://connector.example/
if want vlan; then
    # Not every kernel has VLANs, so the tags (802.1ad around 802.1Q) are put in afterwards.
    begin vlan; ask -k $TLS12 https://203.0.113.1/; end
    python3 - "$here/vlan/capture" <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
out, at = data[:24], 24
while at < len(data):
    seconds, fraction, captured, length = struct.unpack_from("<4I", data, at)
    frame = data[at + 16 : at + 16 + captured]
    frame = frame[:12] + bytes.fromhex("88a8000381000005") + frame[12:]
    out += struct.pack("<4I", seconds, fraction, captured + 8, length + 8) + frame
    at += 16 + captured
open(sys.argv[1], "wb").write(out)
PY
    facts
fi
capture syn-refused http://203.0.113.1:9350/
in_server nft 'add rule inet f in tcp dport 9352 drop'
capture syn-dropped http://203.0.113.1:9352/
in_server nft 'add rule inet f in tcp dport 8080 drop'
if want syn-dropped-named; then
    # A real resolver asks a real name server, which knows the host by an alias.
    background ip netns exec "$server" dnsmasq --no-daemon --conf-file=/dev/null --no-hosts --no-resolv --bind-interfaces \
        --listen-address=203.0.113.1 --cname=connector.example,edge.example --address=/edge.example/203.0.113.3 \
        --host-record=edge.example,203.0.113.3,2001:db8::1
    for _ in $(seq 1 50); do in_server ss -Hlun "sport = :53" | grep -q . && break; sleep 0.1; done
    echo "nameserver 203.0.113.1" >resolv.conf
    begin syn-dropped-named "" "port 53 or port 8080 or port 443"
    in_client unshare --mount sh -c 'mount --bind resolv.conf /etc/resolv.conf
        curl -4 -sS -o /dev/null --max-time 4 http://connector.example:8080/
        curl -4 -sS -o /dev/null -k https://www.connector.example/ --connect-to www.connector.example:443:203.0.113.3:443' >>"$work/log" 2>&1 || true
    end
fi
in_server nft 'add rule inet f in tcp dport 5671 reject with icmp type admin-prohibited'
capture syn-prohibited http://203.0.113.1:5671/
if want syn-retried; then
    in_server nft 'add rule inet f in tcp dport 443 drop'
    begin syn-retried
    (sleep 2; in_server nft flush chain inet f in) &
    ask -k $TLS12 https://203.0.113.1/
    end
fi
