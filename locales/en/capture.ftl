# Network captures: what they show, and the panel that reads them.

finding-connect-needs-authentication = { $count ->
    [one] The capture shows that the proxy wants a user name for the tunnel to { $host }, port { $ports }.
   *[other] The capture shows that the proxy wants a user name for tunnels to { $count } hosts, port { $ports }.
}
finding-connect-refused = { $count ->
    [one] The capture shows that the proxy opens no tunnel to { $host }, port { $ports } (status { $statuses }).
   *[other] The capture shows that the proxy opens no tunnels to { $count } hosts, port { $ports } (status { $statuses }).
}
finding-syn-unanswered = { $count ->
    [one] The capture shows that nothing comes back from { $host }, port { $ports }.
   *[other] The capture shows that nothing comes back from { $count } addresses, port { $ports }.
}
finding-syn-refused = { $count ->
    [one] The capture shows that connections to { $host }, port { $ports }, are refused.
   *[other] The capture shows that connections to { $count } addresses, port { $ports }, are refused.
}
finding-service-bus-direct-attempt-proxy = { $count ->
    [one] The capture shows a direct attempt on Service Bus port { $ports }. With the proxy in use it is harmless: port 443 is tried next.
   *[other] The capture shows direct attempts on Service Bus port { $ports } of { $count } addresses. With the proxy in use they are harmless: port 443 is tried next.
}
finding-service-bus-direct-attempt-direct = { $count ->
    [one] The capture shows a direct attempt on Service Bus port { $ports } that fails.
   *[other] The capture shows direct attempts on Service Bus port { $ports } of { $count } addresses that fail.
}
finding-tls-alert = { $count ->
    [one] The capture shows that TLS with { $host }, port { $ports }, was broken off with an alert.
   *[other] The capture shows that TLS with { $count } hosts, port { $ports }, was broken off with an alert.
}
finding-tls-version-too-old = { $count ->
    [one] The capture shows TLS below 1.2 with { $host }, port { $ports }.
   *[other] The capture shows TLS below 1.2 with { $count } hosts, port { $ports }.
}
finding-certificate-intercepted = { $count ->
    [one] The capture shows a certificate for { $host } that none of the service's authorities issued.
   *[other] The capture shows certificates for { $count } hosts of the service that none of its authorities issued.
}
finding-certificate-outside-validity = { $count ->
    [one] The capture shows a certificate of { $host } that was not valid at the time.
   *[other] The capture shows certificates of { $count } hosts that were not valid at the time.
}
finding-capture-without-failure = { $count ->
    [one] The capture shows one connection to the service's hosts and nothing that fails.
   *[other] The capture shows { $count } connections to the service's hosts and nothing that fails.
}
finding-capture-without-failure-elsewhere = The capture shows nothing that fails, and no connection to the service's hosts.
finding-sha512-refused-capture = { $count ->
    [one] The capture shows a SHA-512 signature of { $host } that the client does not offer to check, and no TLS comes about.
   *[other] The capture shows SHA-512 signatures of { $count } hosts that the client does not offer to check, and no TLS comes about.
}

evidence-capture-connect = Capture: CONNECT { $target } through { $proxy } got status { $status }.
evidence-capture-connect-schemes = Capture: CONNECT { $target } through { $proxy } got status { $status }; it offers { $schemes }.
evidence-capture-unanswered = Capture: { $place } answered none of { $count ->
    [one] one SYN
   *[other] { $count } SYNs
}.
evidence-capture-refused = Capture: { $place } answered { $count ->
    [one] one SYN
   *[other] { $count } SYNs
} with a reset.
evidence-capture-unreachable = Capture: a router reported { $place } unreachable or forbidden.
evidence-capture-unanswered-here = Capture: { $place } answered none of { $count ->
    [one] one SYN
   *[other] { $count } SYNs
}, while { $other } answered under the same name.
evidence-capture-refused-here = Capture: { $place } answered { $count ->
    [one] one SYN
   *[other] { $count } SYNs
} with a reset, while { $other } answered under the same name.
evidence-capture-unreachable-here = Capture: a router reported { $place } unreachable or forbidden, while { $other } answered under the same name.
evidence-capture-inbound = Capture: { $count ->
    [one] one attempt of another machine to connect to this one failed
   *[other] { $count } attempts of other machines to connect to this one failed
}. That says nothing about the way out.
evidence-capture-other-family = Capture: { $count ->
    [one] one attempt
   *[other] { $count } attempts
} failed over one version of IP while the same name answered over the other, as browsers and Windows try both.
evidence-capture-alert-client = Capture: this side broke off TLS with { $place }: { $alert } ({ $number }).
evidence-capture-alert-server = Capture: { $place } broke off TLS: { $alert } ({ $number }).
evidence-capture-version = Capture: { $place } chose { $version }.
evidence-capture-offered = Capture: this side offers { $place } nothing newer than { $version }.
evidence-capture-issuer = Capture: the certificate of { $place } was issued by { $issuer }.
evidence-capture-expired = Capture: the certificate of { $place } ({ $subject }) had expired.
evidence-capture-not-yet-valid = Capture: the certificate of { $place } ({ $subject }) was not yet valid.
evidence-capture-sha512 = Capture: { $place } sent a certificate signed with SHA-512 ({ $subject }).
evidence-capture-connections = Capture: { $count ->
    [one] one TCP connection
   *[other] { $count } TCP connections
}, of which { $related } to hosts of the service, by name.
evidence-capture-hidden = Capture: TLS 1.3 hides the certificates of { $count ->
    [one] one connection
   *[other] { $count } connections
}, so inspection is neither seen nor ruled out.
evidence-capture-pending = Capture: { $count ->
    [one] one attempt had
   *[other] { $count } attempts had
} no answer when the capture ended, too soon to tell.
evidence-capture-left-out = Capture: { $count ->
    [one] one connection was
   *[other] { $count } connections were
} left out, because there are too many.
evidence-capture-supported = The page agrees: { $endpoint } does not answer this browser either.
evidence-capture-contradicted = The page disagrees: { $endpoint } answers this browser now. Another route, another account, or another time.

# The panel.

capture-title = Network capture
capture-lead = Drop a capture here, or choose it: of Wireshark, tcpdump, pktmon or Network Monitor, of any size. It is read in this browser and sent nowhere. Passwords and contents are not looked at.
capture-choose = Choose a capture
capture-cancel = Cancel
capture-close = Put the capture away
capture-to-findings = Show what it means
capture-failed = The capture could not be read: { $message }
capture-progress = { $name }: { $read } of { $size } MB, { $packets } packets, { $rate } MB/s, { $left } s left
capture-summary = { $name } ({ $container }): { $packets ->
    [one] one packet
   *[other] { $packets } packets
}, { $connections ->
    [one] one TCP connection
   *[other] { $connections } TCP connections
}
capture-filter = Filter
capture-preset-all = All connections
capture-preset-connect = CONNECT requests and answers
capture-preset-retransmitted = SYN retransmissions
capture-more = { $count ->
    [one] One more connection; the filter finds it.
   *[other] { $count } more connections; the filter finds them.
}
capture-shown = { $count } of { $total } connections
capture-connections = Connections of the capture
capture-column-start = Start, s
capture-column-connection = Connection
capture-column-opening = Result
capture-column-connect = CONNECT
capture-column-tls = TLS
capture-column-again = SYN again
capture-column-sent = Bytes sent
capture-column-received = Received
capture-answered = answered
capture-refused = refused
capture-unreachable = unreachable
capture-unanswered = no answer
capture-not-captured = begun before the capture
capture-event-syn = asks for a connection
capture-event-syn-again = asks again
capture-event-request = request: { $request }
capture-event-status = answer: { $status } { $schemes }
capture-event-client-hello = TLS begins: { $name }, up to { $version }
capture-event-client-hello-nameless = TLS begins without a server name, up to { $version }
capture-event-client-hello-cut = TLS begins: { $name }; what else the client offers was cut off
capture-event-retry = the server wants another TLS key
capture-event-server-hello = the server chooses { $version }
capture-event-certificate = certificate: { $subject }, issued by { $issuer }
capture-event-hidden = TLS 1.3 hides the certificate: it is neither cleared nor accused
capture-event-client-alert = TLS broken off by the client: { $alert } ({ $number })
capture-event-server-alert = TLS broken off by the server: { $alert } ({ $number })
capture-event-encrypted = encrypted data
capture-event-client-closed = closed by the client
capture-event-server-closed = closed by the server
capture-event-client-reset = reset by the client
capture-event-server-reset = reset by the server
capture-warning-empty = The file is empty.
capture-warning-seems = { $name } is { $what }, which the page does not read. This makes a capture of it:
capture-warning-other = { $name } is { $what }, and no capture. Choose one of Wireshark, tcpdump, pktmon or Network Monitor.
capture-warning-unknown = { $name } is no capture that the page reads. If it is one of another program, this converts it:
capture-warning-truncated = The file ends in the middle. What was before the end is shown.
capture-warning-damaged = The file is damaged at byte { $at } ({ $what }). What was before that is shown.
capture-warning-link = { $packets } packets are of a kind of network that the page does not read (link type { $link }).
capture-warning-cut = { $packets } packets were cut when they were captured; names and certificates may be missing. To have them, capture whole packets: pktmon with --pkt-size 0, tcpdump with -s 0.
capture-warning-left-out = Some details were left out { $times } times, because there are too many.
