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
finding-sha512-refused = { $count ->
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
evidence-capture-alert-client = Capture: this side broke off TLS with { $place }: { $alert } ({ $number }).
evidence-capture-alert-server = Capture: { $place } broke off TLS: { $alert } ({ $number }).
evidence-capture-version = Capture: { $place } chose { $version }.
evidence-capture-offered = Capture: this side offers { $place } nothing newer than { $version }.
evidence-capture-issuer = Capture: the certificate of { $place } was issued by { $issuer }.
evidence-capture-expired = Capture: the certificate of { $place } ({ $subject }) had expired.
evidence-capture-not-yet-valid = Capture: the certificate of { $place } ({ $subject }) was not yet valid.
evidence-capture-sha512 = Capture: { $place } sent a certificate signed with SHA-512 ({ $subject }).
evidence-capture-supported = The page agrees: { $endpoint } does not answer this browser either.
evidence-capture-contradicted = The page disagrees: { $endpoint } answers this browser now. Another route, another account, or another time.
