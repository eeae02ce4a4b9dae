#Requires -Version 4.0
<#
Connector Check, host script: looks from the connector machine at what a browser cannot see.

It reads: proxy settings of the signed-in user, WinHTTP, machine.config and the connector's configuration files; TLS
settings and the .NET version in the registry; the connector's services, their last errors, their version; the clock.
It connects to the hosts listed below, on the ports listed below, and to no other: TCP, then TLS 1.2 as Windows does
it, directly and through the proxy that the account would take. It sends no data beyond that handshake, a HEAD
request to the sign-in hosts to learn the time, and HEAD to a proxy for hosts on plain HTTP. Windows itself may fetch
missing certificates and its trust list while it checks a chain, as it does for every program.

It changes no setting. With administrator rights it tries the same as Network Service and SYSTEM: for that it makes two
scheduled tasks and a folder in ProgramData, and removes them again. -SkipServiceAccounts leaves that out.

It writes one file, connector-check-host.json, to the desktop or to -Output. Drop that file on the page, or paste its
content there. It holds host names, proxy names, certificate names, the configuration files' text and the beginnings of
the connector's event log entries; look through it before you pass it on.

Run it:   powershell -NoProfile -ExecutionPolicy Bypass -File .\connector-check-host.ps1
#>
[CmdletBinding()]
param(
    # The file to write; without it connector-check-host.json on the desktop.
    [string] $Output = '',
    # Look only as the signed-in user, even with administrator rights.
    [switch] $SkipServiceAccounts,
    # Used by the script itself when it looks as another account: the way to go, and the file to write.
    [string] $ProbeRoute = 'system',
    [string] $ProbeOutput = ''
)

$ErrorActionPreference = 'Stop'
# Whatever the session demands: this script is written without it.
Set-StrictMode -Off
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    throw 'A policy of this machine lets PowerShell run in constrained language only; so this script cannot look.'
}
if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) {
    throw 'Start this in the 64-bit Windows PowerShell: the 32-bit one is shown another registry.'
}

$ScriptVersion = '#VERSION#'
$CatalogueId = '#CATALOGUE#'
$CatalogueUpdated = '#UPDATED#'

# What is asked. Clock: the host is asked for the time as well.
$Targets = @(
    #TARGETS#
)

# Seconds for all connections of one account, and until the whole script gives up waiting for the other accounts.
$LookSeconds = 70
$TotalSeconds = 105
# Connections at a time.
$AtATime = 32

$Begun = Get-Date
$Skipped = New-Object -TypeName System.Collections.ArrayList

function Get-Stamp($Time) {
    $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
}

function Add-Skipped([string] $What, [string] $Why) {
    [void] $Skipped.Add([ordered] @{ what = $What; why = $Why })
}

function Get-RegistryValue([string] $Key, [string] $Name) {
    $item = Get-ItemProperty -LiteralPath $Key -Name $Name -ErrorAction SilentlyContinue
    if ($null -eq $item) { return $null }
    return $item.$Name
}

# A number; a text or bytes where a number belongs is said to be so, and not taken for one.
function Get-RegistryNumber([string] $Key, [string] $Name) {
    $value = Get-RegistryValue -Key $Key -Name $Name
    if ($null -eq $value -or $value -is [int] -or $value -is [long]) { return $value }
    Add-Skipped -What "$Key, $Name" -Why "holds '$value', which is no number of the registry"
    return $null
}
