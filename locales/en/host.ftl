# The host script: its panel, and what it saw.

host-title = Host script: look as the services do
host-what = A green browser run proves the signed-in user’s route. This script looks from the same machine with the TLS of Windows and, as administrator, as Network Service and SYSTEM. It changes no setting and writes one file.
host-asks = Made for the list in use, it asks { $count ->
    [one] one place.
   *[other] { $count } places.
}
more-title = More evidence, and rules to hand over
host-waits = { $count ->
    [one] One check of the list is not in it: a field above is still empty.
   *[other] { $count } checks of the list are not in it: fields above are still empty.
}
host-step-save = Save the script, on the connector machine.
host-step-run = Run it there. As administrator it also looks as the services’ accounts: for that it makes two scheduled tasks and removes them again. Without, it says what it left out.
host-step-back = Drop { $file } on this page, choose it, or paste what is in it. Nothing is sent anywhere.
host-save = Save the script
host-show = Show the script
host-paste = Result of the script
host-take = Read what was pasted
host-tested = What checks this script here: a grammar and a list of what PowerShell 4.0 has. It has been run on no Windows by this project’s tests.
host-read = Read: { $caption }, looked at { $time }.
host-read-admin = Ran as administrator.
host-read-user = Ran without administrator rights.
host-forget = Forget it
host-other-catalogue = It was made for the list “{ $id }”, not for the one in use; places that both name are compared.
host-accounts = What each account reached
host-account = Account
host-reached = Reached
host-not-tried = Not tried: { $why }
host-count = { $reached } of { $total }
host-clock = The clock is { $seconds } seconds off, compared with { $against }.
host-clock-good = The clock agrees with { $against }.
host-skipped = Left out
host-skipped-line = { $what }: { $why }
host-service-line = { $display } ({ $name }): { $state }, { $version }
host-version-unknown = version unknown

host-not-set = not set
host-set = { $value }
host-direct = directly
host-proxy = through { $proxy }
host-account-user = The signed-in user
host-account-network-service = Network Service
host-account-system = SYSTEM
host-stage-not-tried = was not tried
host-stage-nothing = found no address for the name
host-stage-name = got no connection
host-stage-tcp = was connected, and came no further
host-stage-tunnel = got a tunnel, and no TLS in it
host-stage-untrusted = was shown a certificate that Windows does not trust
host-stage-reached = arrived

view-services = Seen from Windows on the same machine

notice-host-refused = “{ $name }” was not taken: { $message }. What was known stays.
pasted = what was pasted

finding-schannel-tls12-disabled = Windows on this machine has TLS 1.2 switched off, and the connector uses nothing else.
finding-strong-crypto-missing = .NET Framework on this machine is not told to use strong cryptography.
finding-sha512-update-missing = This old Windows may lack the update that brings SHA-512 to TLS 1.2.
finding-dotnet-too-old = .NET Framework on this machine is older than the connector asks for.
finding-service-stopped = { $count ->
    [one] The service “{ $name }” does not run.
   *[other] { $count } services of the connector do not run.
}
finding-routes-disagree = { $count ->
    [one] The user’s route leads to { $host }, and the route of Windows’ services on the same machine does not.
   *[other] The user’s route leads to { $count } places that Windows’ services on the same machine do not reach.
}
finding-winhttp-proxy-differs = WinHTTP goes { $winhttp }, unlike the user’s settings or the connector’s files.
finding-certificate-intercepted-host = { $count ->
    [one] A host of Microsoft shows a certificate signed by “{ $root }”, which does not sign for Microsoft.
   *[other] { $count } hosts of Microsoft show certificates signed by “{ $root }”, which does not sign for Microsoft.
}

evidence-registry = { $name } is { $value } in { $key }.
evidence-tls12-completed = Yet TLS 1.2 was completed with { $host }: the values may wait for the next start of Windows.
evidence-windows = { $caption }, version { $version }.
evidence-no-update = Update 2973337 is not among the installed ones, and no SHA-512 is in the list of signatures.
evidence-dotnet = Release { $release } of .NET Framework 4; 461308 is 4.7.1, 461808 is 4.7.2.
evidence-service = { $display } ({ $name }) is { $state }; it starts as { $start }.
evidence-event = Event { $id }, { $time }: { $message }
evidence-winhttp = WinHTTP goes { $way }.
evidence-config-proxy = The connector’s file says: { $way }.
evidence-user-proxy = The signed-in user goes { $way }.
evidence-root = { $endpoint }: the chain ends at “{ $root }”.
evidence-route = { $account } { $stage } at { $endpoint }, { $way }.
