# One endpoint, looked at in a thread of its own: directly, and through the proxy that the account would take.
$Look = {
    param($Target, [string] $Route)

    # Milliseconds to connect, and for each answer after that.
    $connectMs = 6000
    $talkMs = 7000

    function Read-Head($Stream) {
        $bytes = New-Object -TypeName System.Collections.Generic.List[byte]
        while ($bytes.Count -lt 8192) {
            $byte = $Stream.ReadByte()
            if ($byte -lt 0) { break }
            $bytes.Add([byte] $byte)
            if ($byte -eq 10 -and $bytes.Count -ge 4 -and $bytes[$bytes.Count - 3] -eq 10) { break }
        }
        return [Text.Encoding]::ASCII.GetString($bytes.ToArray())
    }

    function Send-Head($Stream, [string] $Request) {
        $bytes = [Text.Encoding]::ASCII.GetBytes($Request)
        $Stream.Write($bytes, 0, $bytes.Length)
        $Stream.Flush()
        return Read-Head -Stream $Stream
    }

    function Get-Status([string] $Head) {
        if ($Head -match '^HTTP/\d(\.\d)? (\d{3})') { return [int] $Matches[2] }
        return $null
    }

    function Get-Authority($Target) {
        if ($Target.Host.Contains(':')) { return '[{0}]:{1}' -f $Target.Host, $Target.Port }
        return '{0}:{1}' -f $Target.Host, $Target.Port
    }

    # Connects, and through a proxy opens a tunnel; fills in how far it came. Hands back the connection.
    function Open-Way($Target, $Proxy, $Leg) {
        $toHost = $Target.Host
        $toPort = $Target.Port
        if ($Proxy) {
            $toHost = $Proxy.DnsSafeHost
            $toPort = $Proxy.Port
        }
        $lookup = [Net.Dns]::BeginGetHostAddresses($toHost, $null, $null)
        if (-not $lookup.AsyncWaitHandle.WaitOne($connectMs)) { throw "no answer for the name $toHost" }
        $addresses = @([Net.Dns]::EndGetHostAddresses($lookup))
        $Leg.reached = 'name'
        $client = $null
        $trouble = "no connection to $toHost within $connectMs ms"
        $until = [DateTime]::UtcNow.AddMilliseconds($connectMs)
        $at = 0
        foreach ($address in $addresses) {
            $at++
            $left = [int] ($until - [DateTime]::UtcNow).TotalMilliseconds
            if ($left -le 0) { break }
            # An address that says nothing, often one of IPv6, leaves time for the next.
            if ($at -lt $addresses.Count) { $left = [int] ($left / 2) }
            $client = New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList $address.AddressFamily
            try {
                $pending = $client.BeginConnect($address, $toPort, $null, $null)
                if ($pending.AsyncWaitHandle.WaitOne($left)) {
                    $client.EndConnect($pending)
                    break
                }
                $client.Close()
                $client = $null
            } catch {
                $trouble = $_.Exception.GetBaseException().Message
                $client.Close()
                $client = $null
            }
        }
        if ($null -eq $client) { throw $trouble }
        $Leg.reached = 'tcp'
        $client.ReceiveTimeout = $talkMs
        $client.SendTimeout = $talkMs
        if ($Proxy) {
            $authority = Get-Authority -Target $Target
            $request = "HEAD http://$authority/ HTTP/1.1`r`nHost: $authority`r`nConnection: close`r`n`r`n"
            if ($Target.Tls) { $request = "CONNECT $authority HTTP/1.1`r`nHost: $authority`r`n`r`n" }
            $head = Send-Head -Stream ($client.GetStream()) -Request $request
            $Leg.status = Get-Status -Head $head
            if ($Target.Tls) {
                if ($Leg.status -lt 200 -or $Leg.status -gt 299) {
                    $client.Close()
                    throw "the proxy answered CONNECT with $($Leg.status)"
                }
                $Leg.reached = 'tunnel'
            } elseif ($null -eq $Leg.status -or @(403, 407, 502, 503, 504) -contains $Leg.status) {
                $client.Close()
                throw "the proxy answered with $($Leg.status)"
            }
        }
        return $client
    }

    # What Windows has against it: nothing where its own verdict is 'None'.
    function Get-CertificateFacts($Ssl, [string] $Verdict) {
        $certificate = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $Ssl.RemoteCertificate
        $chain = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Chain
        $chain.ChainPolicy.RevocationMode = [Security.Cryptography.X509Certificates.X509RevocationMode]::NoCheck
        # Where the hosts for missing certificates are silent, this one is not to wait for them again.
        $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds(3)
        [void] $chain.Build($certificate)
        $problems = @()
        if ($Verdict -ne 'None') {
            $problems = @($chain.ChainStatus | ForEach-Object -Process { [string] $_.Status })
            if ($Verdict -match 'NameMismatch') { $problems += 'NotForThisName' }
            if ($problems.Count -eq 0) { $problems = @('Refused') }
        }
        $root = ''
        if ($chain.ChainElements.Count -gt 0) {
            $root = [string] $chain.ChainElements[$chain.ChainElements.Count - 1].Certificate.Subject
        }
        return [ordered] @{
            subject = [string] $certificate.Subject
            issuer = [string] $certificate.Issuer
            root = $root
            not_after = $certificate.NotAfter.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
            signature = [string] $certificate.SignatureAlgorithm.FriendlyName
            problems = $problems
        }
    }

    # TLS 1.2 by Windows. First as strictly as a service would; what is refused is looked at once more, and closed:
    # then $Found holds what Windows has against the certificate.
    function Invoke-Handshake($Client, [string] $Name, [bool] $Strict, $Found) {
        if ($Strict) {
            $ssl = New-Object -TypeName System.Net.Security.SslStream -ArgumentList @($Client.GetStream(), $false)
        } else {
            $judge = {
                param($Origin, $Certificate, $Chain, $Policy)
                $Found.verdict = [string] $Policy
                return $true
            }
            $anything = [Net.Security.RemoteCertificateValidationCallback] ($judge.GetNewClosure())
            $ssl = New-Object -TypeName System.Net.Security.SslStream -ArgumentList @($Client.GetStream(), $false, $anything)
        }
        $ssl.AuthenticateAsClient($Name, $null, [Security.Authentication.SslProtocols]::Tls12, $false)
        return $ssl
    }

    # Seconds that this machine is ahead of the server; nothing where the server does not tell. No part of the way:
    # a host that takes the connection and says nothing more is reached all the same.
    function Get-Skew($Ssl, [string] $Name) {
        try {
            $head = Send-Head -Stream $Ssl -Request "HEAD / HTTP/1.1`r`nHost: $Name`r`nConnection: close`r`n`r`n"
            if ($head -match '(?m)^Date: (.+?)\r?$') {
                $there = [DateTimeOffset]::Parse($Matches[1], [Globalization.CultureInfo]::InvariantCulture)
                return [Math]::Round(([DateTimeOffset]::UtcNow - $there).TotalSeconds)
            }
        } catch {
            Write-Verbose -Message "$Name told no time: $($_.Exception.Message)"
        }
        return $null
    }

    function Invoke-Leg($Target, $Proxy, $Answer) {
        $leg = [ordered] @{ proxy = $null; reached = 'nothing'; ms = $null; error = ''; status = $null; protocol = $null; certificate = $null }
        if ($Proxy) { $leg.proxy = $Proxy.AbsoluteUri.TrimEnd('/') }
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $client = $null
        try {
            $client = Open-Way -Target $Target -Proxy $Proxy -Leg $leg
            if ($Target.Tls) {
                try {
                    $ssl = Invoke-Handshake -Client $client -Name $Target.Host -Strict $true -Found $null
                    $leg.reached = 'tls'
                    $leg.protocol = [string] $ssl.SslProtocol
                    $leg.certificate = Get-CertificateFacts -Ssl $ssl -Verdict 'None'
                } catch {
                    $leg.error = $_.Exception.GetBaseException().Message
                    $client.Close()
                    $leg.reached = 'nothing'
                    $client = Open-Way -Target $Target -Proxy $Proxy -Leg $leg
                    $found = @{ verdict = 'unknown' }
                    $ssl = Invoke-Handshake -Client $client -Name $Target.Host -Strict $false -Found $found
                    $leg.reached = 'tls'
                    $leg.protocol = [string] $ssl.SslProtocol
                    $leg.certificate = Get-CertificateFacts -Ssl $ssl -Verdict $found.verdict
                    # Nothing against it the second time: it was not the certificate, and it did not last.
                    if ($found.verdict -eq 'None') { $leg.error = '' }
                }
                if ($Target.Clock -and $null -eq $Answer.skew -and @($leg.certificate.problems).Count -eq 0) {
                    $Answer.skew = Get-Skew -Ssl $ssl -Name $Target.Host
                }
            }
        } catch {
            if ($leg.error -eq '') { $leg.error = $_.Exception.GetBaseException().Message }
        } finally {
            if ($client) { $client.Close() }
        }
        $leg.ms = [Math]::Round($watch.Elapsed.TotalMilliseconds, 1)
        return $leg
    }

    $answer = @{ skew = $null }
    $direct = Invoke-Leg -Target $Target -Proxy $null -Answer $answer
    $proxied = $null
    $proxy = $null
    try {
        if ($Route -eq 'system') {
            $scheme = 'http'
            if ($Target.Tls) { $scheme = 'https' }
            $address = [Uri] ('{0}://{1}/' -f $scheme, (Get-Authority -Target $Target))
            $system = [Net.WebRequest]::GetSystemWebProxy()
            if (-not $system.IsBypassed($address)) {
                $way = $system.GetProxy($address)
                if ($way -and $way.Authority -ne $address.Authority) { $proxy = $way }
            }
        } elseif ($Route -ne 'direct') {
            $proxy = [Uri] $Route
        }
        if ($proxy) { $proxied = Invoke-Leg -Target $Target -Proxy $proxy -Answer $answer }
    } catch {
        # Which way the account would take cannot be told; then the direct one is not said to be it.
        $why = $_.Exception.GetBaseException().Message
        $proxied = [ordered] @{ proxy = 'unknown'; reached = 'not-tried'; ms = $null; error = $why; status = $null; protocol = $null; certificate = $null }
    }
    @{
        skew = $answer.skew
        seen = [ordered] @{ host = $Target.Host; port = $Target.Port; tls = $Target.Tls; direct = $direct; proxied = $proxied }
    }
}

# All endpoints, many at a time, within the time there is.
function Invoke-AllLooks([string] $Route) {
    $until = (Get-Date).AddSeconds($LookSeconds)
    # However long the settings took: what is left after this is for other accounts' results and for tidying up.
    $latest = $Begun.AddSeconds($TotalSeconds - 5)
    if ($until -gt $latest) { $until = $latest }
    $pool = [RunspaceFactory]::CreateRunspacePool(1, $AtATime)
    $pool.Open()
    $jobs = @(foreach ($target in $Targets) {
        $shell = [PowerShell]::Create()
        $shell.RunspacePool = $pool
        [void] $shell.AddScript($Look.ToString()).AddArgument($target).AddArgument($Route)
        @{ Target = $target; Shell = $shell; Handle = $shell.BeginInvoke() }
    })
    $done = 0
    $results = @(foreach ($job in $jobs) {
        $left = [int] [Math]::Max(0, ($until - (Get-Date)).TotalMilliseconds)
        $result = $null
        $why = 'no time left'
        if ($job.Handle.AsyncWaitHandle.WaitOne($left)) {
            try {
                $result = @($job.Shell.EndInvoke($job.Handle))[0]
            } catch {
                $why = $_.Exception.GetBaseException().Message
            }
        } else {
            [void] $job.Shell.BeginStop($null, $null)
        }
        if ($null -eq $result) {
            $leg = [ordered] @{ proxy = $null; reached = 'not-tried'; ms = $null; error = $why; status = $null; protocol = $null; certificate = $null }
            $seen = [ordered] @{ host = $job.Target.Host; port = $job.Target.Port; tls = $job.Target.Tls; direct = $leg; proxied = $null }
            $result = @{ skew = $null; seen = $seen }
        }
        $done++
        Write-Progress -Activity 'Connector Check' -Status "$($job.Target.Host):$($job.Target.Port)" -PercentComplete (100 * $done / $jobs.Count)
        $result
    })
    [void] $pool.BeginClose($null, $null)
    return $results
}

# As another account: look, write, and that is all.
if ($ProbeOutput -ne '') {
    $seen = @(Invoke-AllLooks -Route $ProbeRoute | ForEach-Object -Process { $_.seen })
    # In one line: an old ConvertFrom-Json reads two megabytes and no more.
    $json = ConvertTo-Json -InputObject $seen -Depth 10 -Compress
    [IO.File]::WriteAllText($ProbeOutput, $json)
    exit 0
}
