# What was found, one sentence each. Codes are never renamed; words may be.

finding-all-reachable = { $count ->
    [one] The one thing the connector needs answers in this browser.
   *[other] All { $count } things the connector needs answer in this browser.
}
finding-browser-offline = The browser says that this machine is offline.
finding-no-internet = { $count ->
    [one] The only host that was asked did not answer, so nothing shows that this browser has a way out at all.
   *[other] None of { $count } hosts answered, not even the sign-in pages: this browser has no working way out.
}
finding-answers-fabricated-tls = Something on the path answers for names that cannot exist, so no green result of this run can be trusted.
finding-answers-fabricated-plain = A proxy or captive portal answers plain HTTP for names that cannot exist, so answers on plain HTTP prove nothing.
finding-answers-fabricated-domain = The made-up name { $host } got an answer, so other answers from its domain prove little.
finding-tls-intercepted = TLS is opened and signed anew on the path: the browser was shown a certificate it trusts for { $host }, a name that cannot exist.
finding-tls-intercepted-responder = TLS is opened on the way to { $hosts }, port { $ports }: what arrives at the test { $count ->
    [one] host
   *[other] hosts
} is not what this browser sends.
finding-tls12-unavailable = { $count ->
    [one] { $hosts } answers, but not on port { $ports }, where it speaks TLS 1.2 alone: the path or this browser does not let TLS 1.2 through.
   *[other] { $count } hosts answer, but not on port { $ports }, where they speak TLS 1.2 alone: the path or this browser does not let TLS 1.2 through.
}
finding-sha512-refused-responder = { $count ->
    [one] { $hosts } answers, but not on port { $ports }, where its certificate is signed with SHA-512: something refuses that signature.
   *[other] { $count } hosts answer, but not on port { $ports }, where their certificates are signed with SHA-512: something refuses that signature.
}
finding-client-certificate-requested = { $count ->
    [one] { $hosts } asks for a client certificate on port { $ports }. No browser has it, so the failure there is no fault of the path.
   *[other] { $count } hosts ask for a client certificate on port { $ports }. No browser has it, so the failures there are no fault of the path.
}
finding-certificate-not-trusted = { $count ->
    [one] { $hosts } accepts connections on port { $ports }, but the browser does not accept its certificate, or TLS fails.
   *[other] { $count } hosts accept connections on port { $ports }, but the browser does not accept their certificates, or TLS fails.
}
finding-tls-handshake-refused = { $count ->
    [one] { $hosts } accepts connections on port { $ports }, but no TLS handshake comes about.
   *[other] { $count } hosts accept connections on port { $ports }, but no TLS handshake comes about.
}
finding-accepted-then-silent = { $count ->
    [one] { $hosts } accepts connections on port { $ports }, and then nothing comes back.
   *[other] { $count } hosts accept connections on port { $ports }, and then nothing comes back.
}
finding-login-unreachable = { $count ->
    [one] The sign-in page { $hosts } does not answer.
   *[other] The sign-in pages do not answer: { $hosts }.
}
finding-region-unreachable = Nothing in { $region } answers, while other regions do.
finding-domain-blocked = { $count ->
    [one] { $rule } does not answer (port { $ports }), while everything around it does.
   *[other] No host under { $rule } answers (port { $ports }), while other domains do.
}
finding-port-dropped = { $portcount ->
    [one] Nothing comes back on port { $ports }
   *[other] Nothing comes back on ports { $ports }
} ({ $hosts }) before the deadline.
finding-port-refused = { $portcount ->
    [one] Connections to port { $ports } fail at once
   *[other] Connections to ports { $ports } fail at once
} ({ $hosts }), while others succeed.
finding-proxy-refuses-port = { $portcount ->
    [one] The proxy opens no connections to port { $ports }
   *[other] The proxy opens no connections to ports { $ports }
} ({ $hosts }), or cannot make them itself.
finding-proxy-requires-authentication = { $count ->
    [one] A request waits for a sign-in at the proxy, it seems; the connector’s services cannot sign in there.
   *[other] Requests to { $count } hosts wait for a sign-in at the proxy, it seems; the connector’s services cannot sign in there.
}
finding-name-not-resolved = { $count ->
    [one] The name { $hosts } does not seem to resolve.
   *[other] { $count } names do not seem to resolve: { $hosts }.
}
finding-websocket-blocked = { $count ->
    [one] { $hosts } answers over HTTPS, but no WebSocket to it opens.
   *[other] { $count } hosts answer over HTTPS, but no WebSocket to them opens.
}
finding-tls-intercepted-untrusted = { $count ->
    [one] TLS to { $hosts } is opened on the way, it seems, and signed by an authority that this browser does not know.
   *[other] TLS to { $count } hosts is opened on the way, it seems, and signed by an authority that this browser does not know.
}
finding-revocation-unreachable = { $count ->
    [one] A host for certificate revocation does not answer on port { $ports }: { $hosts }.
   *[other] { $count } hosts for certificate revocation do not answer on port { $ports }.
}
finding-endpoint-retired = { $host } alone does not answer while { $count } others under { $rule } do: probably it was retired, and no firewall is to blame.
finding-slow-path = { $count ->
    [one] { $hosts } answered only after { $seconds } seconds.
   *[other] { $count } answers were slow, up to { $seconds } seconds.
}
finding-mixed-content = { $count ->
    [one] One check on plain HTTP (port { $ports }) cannot be made from a page served with HTTPS.
   *[other] { $count } checks on plain HTTP (port { $ports }) cannot be made from a page served with HTTPS.
}
finding-port-restricted-by-browser = Browsers themselves refuse port { $ports }; only another program can test it.
finding-blocked-by-page-policy = { $count ->
    [one] The security policy of this page forbids one of the requests.
   *[other] The security policy of this page forbids { $count } of the requests.
}
finding-local-network-permission = { $count ->
    [one] The browser was not allowed to reach an address in the local network.
   *[other] The browser was not allowed to reach { $count } addresses in the local network.
}
finding-blocked-by-add-on = { $count ->
    [one] Requests to { $hosts } end before they are sent: an add-on or a rule of this browser, or a name that does not resolve.
   *[other] Requests to { $count } hosts end before they are sent: an add-on or a rule of this browser, or names that do not resolve.
}
finding-undecided = { $count ->
    [0] Nothing in this run decides whether the connector can work.
    [one] One result stays open: { $hosts }.
   *[other] { $count } results stay open.
}
finding-waiting-for-input = { $count ->
    [one] One check waits for what only you know ({ $names }).
   *[other] { $count } checks wait for what only you know ({ $names }).
}
finding-run-incomplete = { $count ->
    [one] One check was not made.
   *[other] { $count } checks were not made.
}

# What was seen.

evidence-answered = { $endpoint } answered after { $ms } ms.
evidence-failed = { $endpoint }: the browser gave up after { $ms } ms; it never says why.
evidence-timed-out = { $endpoint } had not answered after { $seconds } s.
evidence-prevented = { $endpoint } was not asked: the browser does not allow it here.
evidence-not-asked = { $endpoint } was not asked.
evidence-impossible-answered = { $endpoint } cannot exist, and yet it answered.
evidence-meanwhile = Meanwhile { $endpoint } answered after { $ms } ms{ $count ->
    [0] .
    [one] , and one more like it.
   *[other] , and { $count } more like it.
}
evidence-tls-works = { $endpoint }: TLS with a trusted certificate was completed.
evidence-tcp-works = { $endpoint }: a TCP connection was made.
evidence-tls-fails = { $endpoint }: a connection was made, and TLS failed on it.
evidence-connect-fails = { $endpoint }: no connection was made, or it was closed at once.
evidence-kept = { $endpoint }: an answer came, or a permission was missing; the browser keeps it from the page.
evidence-held = { $endpoint }: a request got no answer, while other ways of asking ended at once.
evidence-proxy = { $endpoint } cannot exist, and plain HTTP was answered for it, as a proxy does.
evidence-impossible-connected = Connections are accepted in the name of a host that cannot exist, and TLS fails on them, too.
evidence-separates = What tells the candidates apart: { $command }
evidence-responder-nonce = { $endpoint }: the answer is not to this browser’s request: another nonce came back, or none.
evidence-responder-via = { $endpoint }: the request arrived with a header that no browser writes, inside TLS: Via: { $text }
evidence-responder-forwarded = { $endpoint }: the request arrived with a forwarding header, which proxies write and some add-ons, too: { $text }
evidence-responder-name = { $endpoint }: the server name in the handshake was { $text } when it arrived.
evidence-responder-no-name = { $endpoint }: the handshake arrived without a server name; this browser sends one.
evidence-responder-host = { $endpoint }: the request was for { $text } when it arrived.
evidence-responder-protocol = { $endpoint }: this browser spoke { $sent }, and { $text } arrived.
evidence-responder-hello = { $endpoint }: the handshake that arrived is of another program. Against this browser’s own: { $text }
evidence-more = { $count ->
    [one] And one more of the same.
   *[other] And { $count } more of the same.
}
evidence-offline = The browser reports that it has no network.
evidence-waiting = { $count ->
    [one] One address has a gap in it: { $names }.
   *[other] { $count } addresses have a gap in them: { $names }.
}
evidence-no-room = Too many other connections hung, so { $count ->
    [one] one check
   *[other] { $count } checks
} could not be started in time.
evidence-stopped = The run was stopped before { $count ->
    [one] one check
   *[other] { $count } checks
} had an answer.
evidence-domain-spared = Names that cannot exist got answers, but not those in the domain of { $hosts }: inspection may leave it alone. Look at the issuer of its certificate.
evidence-host-unproven = Over TLS nobody showed a trusted certificate for { $hosts }, so whoever answered over plain HTTP may be anybody.
evidence-canary-silent = The names that cannot exist got neither answer nor refusal in time, so it is open what an answer is worth.
evidence-nothing-asked = There was nothing to ask, or nothing that counts.
evidence-all-answered = { $count ->
    [one] One required address answered.
   *[other] { $count } required addresses answered.
}
evidence-canaries-clean = { $count ->
    [one] A name that cannot exist was refused, as it must be.
   *[other] { $count } names that cannot exist were refused, as they must be.
}
