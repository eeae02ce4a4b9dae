# Rules to hand over: the panel and the files that it writes.

handover-title = Rules to hand over
handover-what = For whoever runs the firewall and the proxy: what the connector needs, one line for each rule, with its reason.
handover-only-failed = Only what failed
handover-none = Nothing has failed, so there is nothing to hand over. Switch to everything to see the whole list.
handover-proxy = Proxy that must be used, if any
handover-proxy-error = Not usable: { $message }.
handover-revocation-direct = Let the hosts for certificate revocation go around the proxy
handover-form = As
handover-form-text = Letter
handover-form-csv = CSV table
handover-form-squid = Squid
handover-form-windows = Windows firewall
handover-form-pac = PAC file
handover-save = Save as { $file }
handover-count = { $count ->
    [one] One rule
   *[other] { $count } rules
}
handover-column-host = Host
handover-column-ports = Ports
handover-column-protocol = Protocol
handover-column-direction = Direction
handover-column-need = Need
handover-column-reason = Reason
handover-outbound = outbound
handover-need-required = required
handover-need-recommended = recommended
handover-need-informational = good to have

handover-letter-head = Please allow these connections, outbound, from the connector server:
handover-note-identities = They are made by the services as Network Service and SYSTEM, and during the installation by the signed-in administrator. A rule that filters by user has to cover all three.
handover-note-connect = Through a proxy, tunnels (CONNECT) to port { $ports } have to be allowed.
handover-note-inspection = No TLS inspection: the connector signs in with a certificate of its own, which inspection loses.
handover-note-authentication = No proxy sign-in: the connector cannot give one. Allow these destinations without it.
handover-note-revocation = The hosts for certificate revocation are asked over plain HTTP on port 80. It has been reported, and not confirmed by Microsoft, that the connector asks them without the proxy: allow port 80 to them directly as well.
handover-note-close = The connector must not reach the Service Bus around the proxy: connectors of 2018 try ports { $ports } directly first. Close them towards the Internet for this server.

handover-squid-head = For squid.conf, above every http_access line that denies or asks for a sign-in.
handover-squid-splice = Only where this Squid opens TLS: put these two lines above all other ssl_bump lines, without the mark in front.
handover-windows-head = Run in PowerShell as administrator, and only where outbound connections are blocked by default. The Windows firewall filters by address and port, not by name; the names have to be filtered elsewhere.
handover-windows-close = Close the direct way of the Service Bus, so that the proxy is used.
handover-windows-undo = Takes all of these rules back:
handover-pac-head = Proxy auto-configuration: the hosts that the connector needs. Merge it with the file that is in use.
handover-pac-rest = Everything else: put the rule of your own file here.
