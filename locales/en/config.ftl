# The configuration files: the panel, what they do, what is wrong with them.

config-title = Configuration files: what the services do about the proxy
config-what = The connector and its updater each have an .exe.config file, and what stands in it comes before every other proxy setting. Drop one or both here: the page says what they do, finds what is wrong, and writes them as you choose. Nothing is sent anywhere.
config-choose = Choose the files…
config-where = Where they lie
config-where-new = Microsoft Entra private network connector (1.5.3829 and later)
config-where-old = Microsoft AAD Application Proxy Connector
config-from-host = From the host script’s result; drop the file itself to have it corrected.
config-problems = What is wrong with it
config-none = Nothing is wrong with it.
config-want = What the services are to do
config-want-bypass = Go around every proxy
config-want-named = Use this proxy
config-proxy = Proxy
config-proxy-error = Not usable: { $message }.
config-save = Save the corrected { $file }
config-unchanged = { $file } already does that; nothing to change.
config-unmendable = { $file } cannot be corrected by a machine. Mend it by hand at the place above, and drop it again.
config-left = Left for you, because more than the proxy hangs on it:
config-changes = { $count ->
    [one] One change; every other byte stays as it was.
   *[other] { $count } changes; every other byte stays as it was.
}
config-both = Correct the file of the other service in the same way: the updater breaks months later otherwise.
config-steps = Then
config-step-backup = Keep copies of the old files, as administrator:
config-step-put = Put the saved files in their place, under their old names.
config-step-restart = Restart both services:
config-step-upgrade = Look again after each upgrade of the connector: it overwrites these files.
config-service-connector = Connector (Network Service)
config-service-updater = Updater (SYSTEM)
config-service-unknown = Unknown service

config-setting-system = uses the proxy settings of its account: those of Windows, with automatic discovery where it is on
config-setting-bypass = goes around every proxy, directly
config-setting-named = uses the proxy { $address }
config-setting-script = uses the proxy script or discovery that the file names ({ $address })
config-setting-unknown = cannot be read, so what it does is open

config-problem-too-large = the file is larger than any such file and was not read ({ $detail })
config-problem-wrong-encoding = the bytes are not in the encoding that the file declares ({ $detail }); save it as UTF-8
config-problem-encoding-contradicts = the first line says “{ $detail }”, and the file is written otherwise
config-problem-document-type = a document type ({ $detail }) has no place in such a file; nothing in it was read
config-problem-malformed = no well-formed XML: { $detail }
config-problem-not-a-config = the outermost element is “{ $detail }” and not “configuration”
config-problem-misplaced = “{ $detail }” stands where .NET does not look for it
config-problem-misspelt = “{ $detail }” is spelt with other capitals than .NET knows
config-problem-unknown-attribute = .NET does not know “{ $detail }” here
config-problem-bad-value = .NET does not know the value { $detail }
config-problem-duplicate = “{ $detail }” stands a second time
config-problem-without-scheme = the address “{ $detail }” has no http:// in front
config-problem-bad-address = the address “{ $detail }” cannot be used: it is http://, a host and a port, without a sign-in
config-problem-named-but-disabled = the proxy “{ $detail }” is named, and the section around it is switched off
config-problem-address-and-system = the proxy “{ $detail }” and the account’s own settings are both called in; the address comes first, and without the second there is no doubt (Microsoft’s own sample has both)

finding-config-malformed = The configuration file { $file } cannot be read by .NET as it stands.
finding-config-misplaced-element = The configuration file { $file } has an element in the wrong place.
finding-config-proxy-without-scheme = The configuration file { $file } names a proxy that .NET cannot use.
finding-config-proxy-bypassed = { $count ->
    [one] { $file } makes its service go around every proxy.
   *[other] The configuration files make the services go around every proxy.
}
finding-config-services-disagree = The connector’s file and the updater’s file say different things about the proxy.

evidence-config-problem = { $file }, line { $line }, column { $column }: { $problem }.
evidence-config-setting = { $file }: the service { $does }.
evidence-proxy-only = You answered that everything has to go through a proxy.
evidence-direct = Asked from the services’ account without a proxy, { $worked } places answered and { $failed } did not.

notice-config-refused = “{ $name }” was not read: { $message }.
