# A folder that only the administrators, SYSTEM and, where it says so, Network Service may use; closed from its first
# moment on, so that nobody can put another script in the place of this one.
function New-ClosedFolder([string] $Path, [string] $NetworkService) {
    $rights = 'D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)'
    if ($NetworkService -ne '') { $rights = "$rights(A;OICI;$NetworkService;;;NS)" }
    $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm($rights)
    [void] [IO.Directory]::CreateDirectory($Path, $security)
    return $Path
}

# Makes the task; it is started once it is noted, so that it is removed whatever happens then.
function New-LookAs([string] $Account, [string] $Sid, [string] $Route, [string] $ScriptFile, [string] $Folder) {
    $file = Join-Path -Path $Folder -ChildPath 'seen.json'
    $name = "ConnectorCheck-$Account-$PID"
    $program = Join-Path -Path $env:SystemRoot -ChildPath 'System32\WindowsPowerShell\v1.0\powershell.exe'
    $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}" -ProbeRoute "{1}" -ProbeOutput "{2}"' -f $ScriptFile, $Route, $file
    # These commands come from a module, where this script's own way with errors does not count.
    $action = New-ScheduledTaskAction -Execute $program -Argument $arguments -ErrorAction Stop
    $principal = New-ScheduledTaskPrincipal -UserId $Sid -LogonType ServiceAccount -ErrorAction Stop
    $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -ExecutionTimeLimit (New-TimeSpan -Minutes 3) -ErrorAction Stop
    [void] (Register-ScheduledTask -TaskName $name -Action $action -Principal $principal -Settings $settings -Force -ErrorAction Stop)
    return @{ Account = $Account; Task = $name; File = $file; Runs = $false }
}

# What another account wrote, once it has; the file is there a moment before it is whole.
function Wait-LookAs($Started, $Until) {
    do {
        if ([IO.File]::Exists($Started.File)) {
            try {
                return @(ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($Started.File)) | ForEach-Object -Process { $_ })
            } catch {
                Start-Sleep -Milliseconds 200
            }
        }
        Start-Sleep -Milliseconds 300
    } while ((Get-Date) -lt $Until)
    return $null
}

if ($Output -eq '') {
    $desktop = [Environment]::GetFolderPath('Desktop')
    if (-not $desktop) { $desktop = (Get-Location).Path }
    $Output = Join-Path -Path $desktop -ChildPath 'connector-check-host.json'
}
# .NET goes by the folder that the program was started in, and not by the one that the prompt shows.
$Output = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Output)
Write-Host 'Connector Check looks from this machine. Nothing is changed; it takes less than two minutes.'
Write-Progress -Activity 'Connector Check' -Status 'Settings' -PercentComplete 0

$me = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList ([Security.Principal.WindowsIdentity]::GetCurrent())
$administrator = $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
$caption = ''
$version = [Environment]::OSVersion.Version
try {
    $windows = Get-CimInstance -ClassName Win32_OperatingSystem -OperationTimeoutSec 15
    $caption = [string] $windows.Caption
    $version = [Version] $windows.Version
} catch {
    Add-Skipped -What 'Win32_OperatingSystem' -Why ($_.Exception.Message)
}
$services = @()
try { $services = @(Get-ConnectorServices) } catch { Add-Skipped -What 'services' -Why ($_.Exception.Message) }
$configs = @(Get-Configs -Services $services)
$machine = Get-MachineProxy

$folder = ''
$started = @()
$notes = @{ 'network-service' = 'needs administrator rights'; 'system' = 'needs administrator rights' }
$identities = @()
try {
    if ($administrator -and $SkipServiceAccounts) {
        $notes['network-service'] = 'left out by -SkipServiceAccounts'
        $notes['system'] = 'left out by -SkipServiceAccounts'
    } elseif ($administrator -and -not $PSCommandPath) {
        $notes['network-service'] = 'the script was not started from a file'
        $notes['system'] = 'the script was not started from a file'
    } elseif ($administrator) {
        try {
            $folder = Join-Path -Path $env:ProgramData -ChildPath "ConnectorCheck-$([Guid]::NewGuid().ToString('N'))"
            [void] (New-ClosedFolder -Path $folder -NetworkService '0x1200a9')
            $copy = Join-Path -Path $folder -ChildPath 'connector-check-host.ps1'
            Copy-Item -LiteralPath $PSCommandPath -Destination $copy
            $kinds = @(
                @{ Account = 'network-service'; Sid = 'S-1-5-20'; Updater = $false; Rights = '0x1301bf' },
                @{ Account = 'system'; Sid = 'S-1-5-18'; Updater = $true; Rights = '' }
            )
            foreach ($kind in $kinds) {
                $out = New-ClosedFolder -Path (Join-Path -Path $folder -ChildPath $kind.Account) -NetworkService $kind.Rights
                $way = Get-Route -Configs $configs -Updater $kind.Updater -MachineSection $machine
                $job = New-LookAs -Account $kind.Account -Sid $kind.Sid -Route $way -ScriptFile $copy -Folder $out
                $started += $job
                Start-ScheduledTask -TaskName $job.Task -ErrorAction Stop
                $job.Runs = $true
            }
        } catch {
            $why = $_.Exception.GetBaseException().Message
            foreach ($account in @('network-service', 'system')) {
                if (@($started | Where-Object -FilterScript { $_.Runs } | ForEach-Object -Process { $_.Account }) -notcontains $account) { $notes[$account] = $why }
            }
        }
    }

    $dotnet = Get-RegistryNumber -Key 'HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' -Name 'Release'
    $tls = Get-TlsFacts -Version $version
    $routes = [ordered] @{ user = (Get-UserProxy); winhttp = (Get-WinHttpProxy); machine_config = $machine }
    $events = @(Get-ConnectorEvents)

    $looks = @(Invoke-AllLooks -Route 'system')
    $clock = $null
    foreach ($look in $looks) {
        if ($null -ne $look.skew -and $null -eq $clock) { $clock = [ordered] @{ skew_seconds = $look.skew; against = $look.seen.host } }
    }
    $identities += [ordered] @{ account = 'user'; ran = $true; note = ''; endpoints = @($looks | ForEach-Object -Process { $_.seen }) }

    $until = $Begun.AddSeconds($TotalSeconds)
    foreach ($account in @('network-service', 'system')) {
        $job = $started | Where-Object -FilterScript { $_.Account -eq $account } | Select-Object -First 1
        $endpoints = $null
        $note = $notes[$account]
        if ($job -and $job.Runs) {
            Write-Progress -Activity 'Connector Check' -Status "Waiting for $account" -PercentComplete 100
            $endpoints = Wait-LookAs -Started $job -Until $until
            $note = "no result within $TotalSeconds seconds"
        }
        if ($null -eq $endpoints) {
            $identities += [ordered] @{ account = $account; ran = $false; note = $note; endpoints = @() }
            Add-Skipped -What "connections as $account" -Why $note
        } else {
            $identities += [ordered] @{ account = $account; ran = $true; note = ''; endpoints = @($endpoints) }
        }
    }
} finally {
    foreach ($job in $started) {
        try {
            Stop-ScheduledTask -TaskName $job.Task -ErrorAction SilentlyContinue
            Unregister-ScheduledTask -TaskName $job.Task -Confirm:$false -ErrorAction Stop
        } catch {
            Write-Warning -Message "The task $($job.Task) could not be removed: $($_.Exception.Message)"
        }
    }
    if ($folder -ne '' -and [IO.Directory]::Exists($folder)) {
        try { Remove-Item -LiteralPath $folder -Recurse -Force } catch { Write-Warning -Message "$folder could not be removed: $($_.Exception.Message)" }
    }
}
Write-Progress -Activity 'Connector Check' -Completed

$result = [ordered] @{
    format = 'connector-check/host@1'
    script = $ScriptVersion
    catalogue = [ordered] @{ id = $CatalogueId; updated = $CatalogueUpdated }
    started = (Get-Stamp -Time $Begun)
    finished = (Get-Stamp -Time (Get-Date))
    administrator = $administrator
    windows = [ordered] @{
        caption = $caption
        version = [string] $version
        powershell = [string] $PSVersionTable.PSVersion
        time_zone = [string] [TimeZoneInfo]::Local.Id
        utc_offset_minutes = [int] [TimeZoneInfo]::Local.GetUtcOffset((Get-Date)).TotalMinutes
    }
    clock = $clock
    dotnet = [ordered] @{ release = $dotnet }
    tls = $tls
    routes = $routes
    configs = $configs
    services = @($services | ForEach-Object -Process { $_.Facts })
    events = $events
    identities = $identities
    skipped = @($Skipped)
}
$json = ConvertTo-Json -InputObject $result -Depth 10
try {
    [IO.File]::WriteAllText($Output, $json)
} catch {
    Write-Warning -Message "$Output could not be written: $($_.Exception.GetBaseException().Message)"
    $Output = Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath 'connector-check-host.json'
    [IO.File]::WriteAllText($Output, $json)
}

Write-Host ''
foreach ($identity in $identities) {
    if (-not $identity.ran) {
        Write-Host ('{0,-16} not tried: {1}' -f $identity.account, $identity.note)
        continue
    }
    $reached = 0
    $missed = @(foreach ($seen in $identity.endpoints) {
        $way = $seen.direct
        if ($seen.proxied) { $way = $seen.proxied }
        $trusted = -not $way.certificate -or @($way.certificate.problems).Count -eq 0
        $arrived = $way.error -eq '' -and $trusted -and ($way.reached -eq 'tls' -or (-not $seen.tls -and $way.reached -eq 'tcp'))
        if ($arrived) { $reached++ } else { '  {0}:{1}  {2}  {3}' -f $seen.host, $seen.port, $way.reached, $way.error }
    })
    Write-Host ('{0,-16} reached {1} of {2}' -f $identity.account, $reached, @($identity.endpoints).Count)
    foreach ($line in $missed) { Write-Host $line }
}
foreach ($service in $result.services) { Write-Host ('{0,-16} {1}, {2}' -f $service.name, $service.state, $service.version) }
foreach ($item in $Skipped) { Write-Host ('Left out: {0} ({1})' -f $item.what, $item.why) }
Write-Host ''
Write-Host "Written: $Output"
Write-Host 'Drop this file on the page, or paste its content there.'
