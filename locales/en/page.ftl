# Everything the page says beside findings and guidance.

product = Connector Check
catalogue-label = What to test
catalogue-load = Load a catalogue…
catalogue-dated = List of { $date }.
catalogue-entra-connector-explained = Connector 1.5.132 and later, and today’s Entra private network connector: ports 80 and 443 only.
catalogue-classic-connector-explained = Connectors of 2015 to 2018: ports 80, 443, 5671, 8080, 9090, 9091, 9350, 9352 and 10100–10120, asked at test hosts of your own.
catalogue-us-government-explained = Connectors in the Azure US Government cloud: ports 80 and 443 only.
catalogue-practice-explained = Servers on this very machine, with faults on purpose. Nothing leaves it.
catalogue-own-explained = A list of your own or of your organisation.

fills-label = What only you know
fills-run = Test with these
fill-error = Not usable: { $message }.

word-verdict-idle = Not tested yet
word-verdict-running = Testing
word-verdict-ready = Ready
word-verdict-degraded = Works, with a warning
word-verdict-blocked = Blocked
word-verdict-inconclusive = Not decided
verdict-idle = Start the test to see what this machine’s browser can reach.
verdict-running = { $done } of { $total } checks have a result.
closer = Looking closer, at what failed for up to 35 seconds. The verdict may become more exact.
closer-stop = Enough
limits-webrtc = Look closer with WebRTC at what failed: it sends a short STUN message to those ports, and tells whether TCP and TLS work.
progress = Checks with a result

action-run = Run the test
action-run-again = Run again
action-run-failed = Only what failed
action-stop = Stop
action-save-report = Save report
copy = Copy
copied = Copied
command = To copy
dismiss = Close

replay-banner = Recorded, not your network: { $title }. Nothing is asked.
replay-others = Other recordings
replay-leave = Leave
replay-title = Recorded runs
replay-what = Each shows the page as it would look in that situation. Nothing is asked of any network.

consent-title = This link brings its own list of hosts
consent-what = { $count ->
    [one] “{ $title }” would ask one host from this browser:
   *[other] “{ $title }” would ask { $count } hosts from this browser:
}
consent-hosts = Hosts of the list
consent-why = Nothing has been asked yet. Go on only if you know who sent the link.
consent-yes = Use this list
consent-no = Leave it

table-regions = Regions and ports
table-regions-hint = Open a cell to see its address, its purpose and the rule that allows it.
table-login = Sign-in pages
table-login-hint = The installer signs an administrator in here.
table-service = The connector’s service
table-service-hint = Hosts that the connector and its updater talk to.
table-tls = TLS
table-tls-hint = Endpoints that accept only one kind of TLS.
table-revocation = Certificate revocation
table-revocation-hint = Windows asks these hosts whether certificates are still valid.
table-control = Controls
table-control-hint = References, and names that must be refused: if one answers, no green can be trusted.
column-region = Region
column-host = Host
port-label = Port { $port }
cell-nothing = Nothing is asked here
cell-count = { $reached } of { $total }
milliseconds = { $ms } ms
seconds = { $seconds } s

look-reachable = Reachable
look-failed = Failed
look-silent = No answer
look-intercepted = Fabricated
look-inconclusive = Undecided
look-not-testable = Not testable
look-running = Testing
look-verifying = Verifying
look-waiting = Waiting
look-skipped = Skipped
look-refused = Refused

details-rule = Rule that allows it:
details-not-run = Not asked yet.
reason-answered = It answered. Any status counts: the path is open, and over TLS the certificate is trusted.
reason-failed = The browser gave up with an error. It never says which: refused, reset, no such name and a broken certificate look the same.
reason-timed-out = Nothing came back in time. A firewall that drops looks like this, and so does a server that stays silent.
reason-tls-fails = The connection was made, but TLS failed on it: a certificate that this browser does not trust, or no common version.
reason-silent-after-connect = The connection was made, and nothing came back over it.
reason-tls-without-http = TLS works, with a trusted certificate, but no HTTP answer was seen. Browsers hide some answers, so this is open.
reason-connection-refused = The connection was turned away or closed at once, while the same host accepts connections on another port.
reason-refused-as-it-must = This name cannot exist, and nothing answered for it.
reason-answered-though-impossible = This must not succeed, and yet something answered.
reason-answers-are-fabricated = Something answered, but names that cannot exist get answers too, so this proves nothing.
reason-domain-answers-anything = Something answered, but a made-up name of the same domain gets an answer too.
reason-domain-may-be-spared = Something answered. Inspection is at work here, and may leave this domain alone: a made-up name of it got no answer.
reason-host-unproven = Something answered over plain HTTP. Over TLS nobody showed a trusted certificate for this host, so it may have been anybody.
reason-canary-undecided = Something answered, but it is open yet whether answers are genuine: no made-up name was refused in time. Run again.
reason-nothing-answered = No result, like everything else in this run: that says nothing about this address.
reason-needs-another-probe = A browser’s request fails here on a healthy service too, because it need not speak HTTP. Test-NetConnection decides.
reason-canary-timed-out = A made-up name should fail fast; this one hung.
reason-clock-gap = The machine slept, or the page was frozen, while this was asked. Run again.
reason-permission-prompt = The browser is asking for permission to reach the local network. Answer it, and run again.
reason-name-timed-out = Nothing came back, and the browser gave up looking the name up: the name server does not answer for it.
reason-held = Requests get no answer, while other ways of asking end at once: the browser waits for an answer of yours, such as a proxy sign-in or a permission, or this server stays silent to some requests only.
reason-withheld = Something answered or a permission was missing; the browser keeps from the page which. It is not the network that failed.
reason-permission-possible = If this name leads into your own network, the browser waits for a permission or has refused it; otherwise nothing came back. The closer look, or the single file, decides.
reason-at-once = It failed before anything could come back: an add-on or a rule of this browser, or a name that does not resolve.
reason-prevented-mixed-content = A page served with HTTPS may not ask over plain HTTP. The single file may.
reason-prevented-restricted-port = Browsers refuse this port themselves. Test-NetConnection can ask it.
reason-prevented-page-policy = The security policy of this page forbids it.
reason-prevented-local-network = The browser has no permission to reach the local network.
reason-waits-for = Waits for what only you know: { $names }.
reason-stopped = The run was stopped before this.
reason-no-room = Other connections hung, and none was free for this one in time. Run only what failed.

findings-title = What this means, and what to do
steps-title = Steps
evidence-title = What was seen
finding-code = Code:
severity-blocking = Blocks the connector
severity-warning = Warning
severity-info = Good to know
confidence-proven = Proven
confidence-likely = Likely
confidence-possible = Possible

limits-title = What this page cannot see
limits-route = Green means: this browser reached it, on your own route. The connector runs as Network Service and its updater as SYSTEM; they may take another proxy.
limits-tls = The browser brings its own TLS, the connector uses the one of Windows: a green cell does not prove that TLS 1.2 and SHA-512 are switched on there.
limits-inspection = A page cannot read certificates. Inspection that answers only for names that exist, with a certificate this machine trusts, stays unseen: look at the issuer of a sign-in page’s certificate.
limits-reuse = Connections that were open before may be used again: after a change of a rule, close the browser before the next run.
limits-page-file = The page runs from a file: plain HTTP and HTTPS can both be asked. A browser that knows a host as HTTPS-only asks port 443 even where port 80 is meant.
limits-page-http = The page came over plain HTTP: plain HTTP and HTTPS can both be asked. A browser that knows a host as HTTPS-only asks port 443 even where port 80 is meant.
limits-page-https = The page came over HTTPS: a browser lets it ask nothing over plain HTTP, so port 80 needs the single file or a command.
limits-commands = Commands that ask the same without a browser
limits-commands-how = Run them in PowerShell on the connector machine. The last line shows the proxy that services use.

footer-privacy = Nothing leaves this page: it sends empty requests to the hosts above, without cookies, and keeps the results here.
footer-sources = Where the list comes from
footer-version = Version { $version }

notice-catalogue-unknown = There is no catalogue “{ $id }” here. The one in use stays.
notice-file-refused = “{ $name }” was not taken: { $message }. The list in use stays.
notice-file-unknown = “{ $name }” is nothing that this page reads. It reads catalogues, which are JSON. The list in use stays.
notice-address-refused = The catalogue at { $name } was not taken: { $message }. The list in use stays.
notice-property-refused = The catalogue was not taken: { $message }. The list in use stays.
notice-baked-refused = The catalogue in this page was not taken: { $message }. The built-in lists stand in.
notice-link-refused = The catalogue in the link was not taken: { $message }. The list in use stays.
notice-link-taken = The link brings a list that calls itself “{ $id }”, like one that is here already. It was not taken.
abandoned-replay = The page shows recorded runs; leave them first.
abandoned-question = A list from a link waits for an answer first.
abandoned-not-loaded = The catalogue could not be loaded.
abandoned-catalogue = Another catalogue was chosen while the run went on.
notice-site-refused = The site file was not taken: { $message }. The built-in lists stand in.

failure-title = The page has stopped working
failure-what = An error in the program itself, not in your network. Reload the page; if it happens again, send this text to whoever gave you the page.
