function Get-UserProxy {
    $key = 'HKCU:\Software\Microsoft\Windows\CurrentVersion\Internet Settings'
    $flags = Get-RegistryValue -Key "$key\Connections" -Name 'DefaultConnectionSettings'
    $auto = $null
    # The ninth byte holds the switches of the dialogue; 8 is automatic discovery.
    if ($flags -and $flags.Length -gt 8) { $auto = [bool] ($flags[8] -band 8) }
    return [ordered] @{
        enabled = [bool] (Get-RegistryValue -Key $key -Name 'ProxyEnable')
        server = [string] (Get-RegistryValue -Key $key -Name 'ProxyServer')
        bypass = [string] (Get-RegistryValue -Key $key -Name 'ProxyOverride')
        script = [string] (Get-RegistryValue -Key $key -Name 'AutoConfigURL')
        auto_detect = $auto
    }
}

function Get-WinHttpProxy {
    $text = ''
    try { $text = [string] (& netsh.exe winhttp show proxy | Out-String) } catch { Add-Skipped -What 'netsh winhttp show proxy' -Why ($_.Exception.Message) }
    $proxy = $null
    $bypass = ''
    # netsh speaks the language of Windows; the value behind it does not: flags at 8, then lengths and texts.
    $bytes = Get-RegistryValue -Key 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections' -Name 'WinHttpSettings'
    if ($bytes -and $bytes.Length -ge 16 -and ([BitConverter]::ToInt32($bytes, 8) -band 2)) {
        $length = [BitConverter]::ToInt32($bytes, 12)
        if ($length -gt 0 -and 20 + $length -le $bytes.Length) {
            $proxy = [Text.Encoding]::ASCII.GetString($bytes, 16, $length)
            $more = [BitConverter]::ToInt32($bytes, 16 + $length)
            if ($more -gt 0 -and 20 + $length + $more -le $bytes.Length) {
                $bypass = [Text.Encoding]::ASCII.GetString($bytes, 20 + $length, $more)
            }
        }
    }
    return [ordered] @{ proxy = $proxy; bypass = $bypass; text = $text.Trim() }
}

function Get-MachineProxy {
    $path = Join-Path -Path $env:SystemRoot -ChildPath 'Microsoft.NET\Framework64\v4.0.30319\Config\machine.config'
    try {
        $xml = New-Object -TypeName System.Xml.XmlDocument
        $xml.XmlResolver = $null
        $xml.LoadXml([IO.File]::ReadAllText($path))
        $node = $xml.SelectSingleNode('/configuration/system.net/defaultProxy')
        if ($node) { return [string] $node.OuterXml }
    } catch {
        Add-Skipped -What 'machine.config' -Why ($_.Exception.GetBaseException().Message)
    }
    return $null
}

function Get-TlsFacts($Version) {
    $channel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2'
    $dotnet = 'HKLM:\SOFTWARE\Microsoft\.NETFramework\v4.0.30319'
    $dotnet32 = 'HKLM:\SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319'
    $winhttp = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp'
    $wanted = @(
        @("$channel\Client", 'Enabled'), @("$channel\Client", 'DisabledByDefault'),
        @("$channel\Server", 'Enabled'), @("$channel\Server", 'DisabledByDefault'),
        @($dotnet, 'SchUseStrongCrypto'), @($dotnet, 'SystemDefaultTlsVersions'),
        @($dotnet32, 'SchUseStrongCrypto'), @($dotnet32, 'SystemDefaultTlsVersions'),
        @($winhttp, 'DefaultSecureProtocols'), @($winhttp, 'EnableDefaultHTTP2')
    )
    $registry = @(foreach ($pair in $wanted) {
        [ordered] @{ key = $pair[0]; name = $pair[1]; value = (Get-RegistryNumber -Key $pair[0] -Name $pair[1]) }
    })
    $policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002'
    $local = 'HKLM:\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL'
    $suites = [string] (Get-RegistryValue -Key $policy -Name 'Functions')
    if ($suites -ne '') {
        $suites = @($suites.Split(',') | ForEach-Object -Process { $_.Trim() })
    } else {
        $suites = @(Get-RegistryValue -Key "$local\00010002" -Name 'Functions' | Where-Object -FilterScript { $_ })
    }
    $hashes = @(Get-RegistryValue -Key "$local\00010003" -Name 'Functions' | Where-Object -FilterScript { $_ })
    $update = $null
    # Windows 10 and Server 2016 onwards never needed it.
    if ($Version.Major -lt 10) {
        try {
            $filter = "HotFixID = 'KB2973337'"
            $update = [bool] (Get-CimInstance -ClassName Win32_QuickFixEngineering -Filter $filter -OperationTimeoutSec 15)
        } catch {
            Add-Skipped -What 'KB2973337' -Why ($_.Exception.Message)
        }
    }
    return [ordered] @{ registry = $registry; cipher_suites = $suites; signature_hashes = $hashes; kb2973337 = $update }
}

# The program of a service, without quotes and arguments.
function Get-Program([string] $PathName) {
    if ($PathName -match '^"?(.+?\.exe)') { return $Matches[1] }
    return ''
}

function Get-ConnectorServices {
    $filter = "Name LIKE 'WAPC%' OR DisplayName LIKE '%Application Proxy Connector%' OR DisplayName LIKE '%private network connector%'"
    return @(Get-CimInstance -ClassName Win32_Service -Filter $filter -OperationTimeoutSec 15 | ForEach-Object -Process {
        $program = Get-Program -PathName $_.PathName
        $version = $null
        if ($program -ne '' -and [IO.File]::Exists($program)) { $version = [string] [Diagnostics.FileVersionInfo]::GetVersionInfo($program).FileVersion }
        @{
            Program = $program
            Facts = [ordered] @{
                name = [string] $_.Name; display = [string] $_.DisplayName; state = [string] $_.State
                start = [string] $_.StartMode; account = [string] $_.StartName; version = $version
            }
        }
    })
}

function Get-Configs($Services) {
    $files = $env:ProgramFiles
    # A 32-bit PowerShell is shown the other folder.
    if ($env:ProgramW6432) { $files = $env:ProgramW6432 }
    $paths = @(
        "$files\Microsoft Entra private network connector\MicrosoftEntraPrivateNetworkConnectorService.exe.config",
        "$files\Microsoft Entra private network connector Updater\MicrosoftEntraPrivateNetworkConnectorUpdaterService.exe.config",
        "$files\Microsoft AAD App Proxy Connector\ApplicationProxyConnectorService.exe.config",
        "$files\Microsoft AAD App Proxy Connector Updater\ApplicationProxyConnectorUpdaterService.exe.config"
    )
    $paths += @($Services | Where-Object -FilterScript { $_.Program -ne '' } | ForEach-Object -Process { "$($_.Program).config" })
    # Keys of a table are the same in capitals and small letters, as paths are.
    $known = @{}
    return @(foreach ($path in $paths) {
        if (-not $known.ContainsKey($path) -and [IO.File]::Exists($path)) {
            $known[$path] = $true
            try {
                [ordered] @{ path = $path; text = [IO.File]::ReadAllText($path) }
            } catch {
                Add-Skipped -What $path -Why ($_.Exception.GetBaseException().Message)
            }
        }
    })
}

# The way that a proxy section says: direct, a named proxy, or the account's own settings.
function Get-SectionRoute($Section) {
    if ($Section.GetAttribute('enabled') -eq 'false') { return 'direct' }
    $proxy = $Section.SelectSingleNode('proxy')
    if ($proxy) {
        $address = $proxy.GetAttribute('proxyaddress')
        if ($address -match '^http://[A-Za-z0-9.:_\[\]-]+/?$') { return $address }
    }
    return 'system'
}

# The way that a service would go: by its configuration file; where that is silent, by machine.config.
function Get-Route($Configs, [bool] $Updater, [string] $MachineSection) {
    foreach ($config in $Configs) {
        $name = [IO.Path]::GetFileName($config.path)
        if (($name -like '*Updater*') -ne $Updater) { continue }
        try {
            $xml = New-Object -TypeName System.Xml.XmlDocument
            $xml.XmlResolver = $null
            $xml.LoadXml($config.text)
            $section = $xml.SelectSingleNode('/configuration/system.net/defaultProxy')
            if ($section) { return Get-SectionRoute -Section $section }
        } catch {
            # A file that is no XML: its service does not start, and the page says why.
            return 'system'
        }
        break
    }
    if ($MachineSection -ne '') {
        $xml = New-Object -TypeName System.Xml.XmlDocument
        $xml.XmlResolver = $null
        $xml.LoadXml($MachineSection)
        return Get-SectionRoute -Section $xml.DocumentElement
    }
    return 'system'
}

function Get-ConnectorEvents {
    $logs = @(
        'Microsoft-Microsoft Entra private network-Connector/Admin', 'Microsoft-Microsoft Entra private network-Updater/Admin',
        'Microsoft-AadApplicationProxy-Connector/Admin', 'Microsoft-AadApplicationProxy-Updater/Admin'
    )
    return @(foreach ($log in $logs) {
        try {
            Get-WinEvent -FilterHashtable @{ LogName = $log; Level = 1, 2, 3 } -MaxEvents 10 | ForEach-Object -Process {
                $message = [string] $_.Message
                if ($message.Length -gt 600) { $message = $message.Substring(0, 600) }
                [ordered] @{ log = $log; time = (Get-Stamp -Time $_.TimeCreated); id = [int] $_.Id; level = [string] $_.LevelDisplayName; message = $message }
            }
        } catch [UnauthorizedAccessException] {
            Add-Skipped -What $log -Why 'needs administrator rights'
        } catch {
            # No such log, or nothing in it.
            Write-Verbose -Message "$log : $($_.Exception.Message)"
        }
    })
}
