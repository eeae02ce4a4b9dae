# The section on TLS.

tls-title = TLS
tls-no-readings = No test host of your own could be read, so the page knows of TLS only whether it came about.
tls-schannel = This browser brings its own TLS, and the connector uses that of Windows (Schannel): what passes here may still fail there. Whether Windows itself can use TLS 1.2 and certificates signed with SHA-512 shows on the server.
tls-old-windows = This is Windows Server 2012 R2 or older, or a Windows of that time. Its TLS takes certificates signed with SHA-512 only with an update:
tls-perhaps-old-windows = This browser is of the time of Windows Server 2012 R2, and does not tell whether Windows is, too. If so, its TLS takes certificates signed with SHA-512 only with an update:
tls-update = Microsoft’s page about KB2973337
tls-server = What to look at on the server
tls-script = The host script looks at the update, at the registry values for TLS 1.2 and for strong cryptography, and asks the hosts by Windows’ own TLS, as you and as the services do. Save it, run it on the server, and drop its result on this page.
tls-server-explained = By hand: the update for SHA-512 (Windows Server 2012 R2 and older only); then Enabled 1 and DisabledByDefault 0 for TLS 1.2; then SchUseStrongCrypto 1 for .NET. A key that is missing means the default of that Windows. Restart after a change.
tls-server-steps = What to do where one of these is wrong:
tls-place = Test host
tls-version = Version
tls-cipher = Cipher and key exchange
tls-signature = Its certificate is signed with
tls-sha512 = SHA-512 offered
tls-times = Times in ms
tls-same = What arrived is what was sent
tls-yes = yes
tls-no = no
tls-unknown = not known
tls-same-yes = no difference seen
tls-same-no = no
tls-ended-before = TLS ends at a device in front of this host, so it cannot see it.
tls-times-fresh = DNS { $dns }, TCP { $tcp }, TLS { $tls }, HTTP { $http }
tls-times-short = below 1
tls-times-reused = HTTP { $http }, on a connection that was open already: nothing else is known
