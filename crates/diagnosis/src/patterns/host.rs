//! What the host script saw: TLS and .NET of Windows, the services, the routes of their accounts, certificates.

use super::Matrix;
use super::seen::MAX_EVIDENCE;
use crate::catalogue::{Expect, Need};
use crate::config::{ConfigService, ProxySetting};
use crate::decision::Status;
use crate::finding::{Confidence, Finding, FindingCode, Severity};
use crate::host::{Account, EndpointSeen, HostReport, Identity, Stage};
use crate::text::Message;

/// `Release` of .NET Framework 4.7.1, which Microsoft's how-to asks for.
const DOTNET_4_7_1: u32 = 461_308;

/// `Release` of .NET Framework 4.7.2, which connectors from 1.5.3437.0 on ask for.
const DOTNET_4_7_2: u32 = 461_808;

/// First Windows that never needed update 2973337.
const WINDOWS_WITH_SHA512: (u32, u32) = (10, 0);

/// Keys, as the script writes them.
const CHANNEL: &str =
    r"HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";
const DOTNET: &str = r"HKLM:\SOFTWARE\Microsoft\.NETFramework\v4.0.30319";

/// Names in the roots of Microsoft's own hosts: those that its pages and the connector's settings name.
const KNOWN_ROOTS: [&str; 3] = ["digicert", "microsoft", "baltimore cybertrust"];

/// Domains whose certificates are known to be signed below these roots.
const MICROSOFT_DOMAINS: [&str; 14] = [
    "msappproxy.net",
    "msappproxy.us",
    "servicebus.windows.net",
    "servicebus.usgovcloudapi.net",
    "microsoftonline.com",
    "microsoftonline.us",
    "microsoftonline-p.com",
    "login.windows.net",
    "login.windows.us",
    "enterpriseregistration.windows.net",
    "management.azure.com",
    "msauth.net",
    "msftauth.net",
    "microsoft.com",
];

/// A host to which some account of the same machine has completed TLS 1.2.
fn completed_tls(host: &HostReport) -> Option<&str> {
    let seen = host.identities.iter().flat_map(|identity| &identity.endpoints);
    let mut completed = seen.filter(|seen| {
        [Some(&seen.direct), seen.proxied.as_ref()].into_iter().flatten().any(|leg| leg.reached == Stage::Tls)
    });
    completed.next().map(|seen| seen.host.as_str())
}

impl Matrix<'_> {
    /// Everything that the host script saw.
    pub(super) fn host(&mut self) {
        let Some(host) = self.evidence.supplements.host.as_deref() else { return };
        self.tls_of_windows(host);
        self.services(host);
        self.proxies(host);
        self.certificates(host);
        self.routes(host);
    }

    fn tls_of_windows(&mut self, host: &HostReport) {
        let set = |key: &str, name: &str| {
            let value = host.tls.registry.iter().find(|value| value.key == key && value.name == name);
            value.and_then(|value| value.value)
        };
        let line = |key: &str, name: &str, value: Option<i64>| {
            let value = value.map_or_else(
                || Message::new("host-not-set"),
                |value| Message::new("host-set").text("value", value.to_string()),
            );
            Message::new("evidence-registry").text("key", key).text("name", name).message("value", value)
        };
        let (enabled, off) = (set(CHANNEL, "Enabled"), set(CHANNEL, "DisabledByDefault"));
        // Switched off by default is not switched off: programs that ask for TLS 1.2 by name still get it.
        // The values are read when Windows starts: a handshake that was completed all the same speaks against them.
        let completed = completed_tls(host);
        let certain = if completed.is_some() { Confidence::Likely } else { Confidence::Proven };
        let disabled = if enabled == Some(0) { Some(certain) } else { None };
        let disabled = disabled.or_else(|| off.filter(|value| *value != 0).map(|_| Confidence::Likely));
        if let Some(confidence) = disabled {
            let mut evidence =
                vec![line(CHANNEL, "Enabled", enabled), line(CHANNEL, "DisabledByDefault", off)];
            let all_the_same = completed.filter(|_| enabled == Some(0));
            evidence
                .extend(all_the_same.map(|host| Message::new("evidence-tls12-completed").text("host", host)));
            let code = FindingCode::SchannelTls12Disabled;
            self.add(
                code,
                Severity::Blocking,
                confidence,
                Message::new("finding-schannel-tls12-disabled"),
                evidence,
            );
        }
        let strong = set(DOTNET, "SchUseStrongCrypto");
        if strong != Some(1) {
            // From 4.7 on .NET does without the value, unless somebody has set it to no.
            let (severity, confidence) = match strong {
                Some(_) => (Severity::Warning, Confidence::Likely),
                None => (Severity::Info, Confidence::Possible),
            };
            let evidence = vec![line(DOTNET, "SchUseStrongCrypto", strong)];
            let summary = Message::new("finding-strong-crypto-missing");
            self.add(FindingCode::StrongCryptoMissing, severity, confidence, summary, evidence);
        }
        let listed =
            host.tls.signature_hashes.iter().any(|pair| pair.to_ascii_uppercase().contains("SHA512"));
        let old = host.windows.number().is_some_and(|number| number < WINDOWS_WITH_SHA512);
        if old && host.tls.kb2973337 == Some(false) && !listed {
            let evidence = vec![
                Message::new("evidence-windows")
                    .text("caption", host.windows.caption.clone())
                    .text("version", host.windows.version.clone()),
                Message::new("evidence-no-update"),
            ];
            // A later rollup may carry it under another number.
            let summary = Message::new("finding-sha512-update-missing");
            self.add(
                FindingCode::Sha512UpdateMissing,
                Severity::Warning,
                Confidence::Possible,
                summary,
                evidence,
            );
        }
        let release = host.dotnet.release.unwrap_or(0);
        if release < DOTNET_4_7_2 {
            // The two pages of Microsoft differ; below both there is no doubt.
            let (severity, confidence) = if release < DOTNET_4_7_1 {
                (Severity::Blocking, Confidence::Likely)
            } else {
                (Severity::Warning, Confidence::Possible)
            };
            let evidence = vec![Message::new("evidence-dotnet").text("release", release.to_string())];
            let summary = Message::new("finding-dotnet-too-old");
            self.add(FindingCode::DotnetTooOld, severity, confidence, summary, evidence);
        }
    }

    fn services(&mut self, host: &HostReport) {
        let stopped: Vec<_> =
            host.services.iter().filter(|service| !service.state.eq_ignore_ascii_case("Running")).collect();
        let Some(first) = stopped.first() else { return };
        let updater = |name: &str| name.to_ascii_lowercase().contains("updat");
        let only_updater = stopped.iter().all(|service| updater(&service.name) || updater(&service.display));
        let severity = if only_updater { Severity::Warning } else { Severity::Blocking };
        let mut evidence: Vec<_> = stopped
            .iter()
            .map(|service| {
                Message::new("evidence-service")
                    .text("name", service.name.clone())
                    .text("display", service.display.clone())
                    .text("state", service.state.clone())
                    .text("start", service.start.clone())
            })
            .collect();
        evidence.extend(host.events.iter().take(MAX_EVIDENCE - 1).map(|event| {
            let message: String = event.message.split_whitespace().collect::<Vec<_>>().join(" ");
            let message: String = message.chars().take(200).collect();
            Message::new("evidence-event")
                .text("id", event.id.to_string())
                .text("time", event.time.clone())
                .text("message", message)
        }));
        let summary = Message::new("finding-service-stopped")
            .count("count", stopped.len())
            .text("name", first.display.clone());
        self.add(FindingCode::ServiceStopped, severity, Confidence::Proven, summary, evidence);
    }

    /// Whether `WinHTTP` goes another way than the signed-in user or the services' files.
    fn proxies(&mut self, host: &HostReport) {
        let user = &host.routes.user;
        let winhttp = host.routes.winhttp.proxy.as_deref().map(bare);
        let named =
            self.evidence.supplements.config_files().into_iter().find_map(|file| match &file.setting {
                ProxySetting::Named(address) => Some(bare(address)),
                ProxySetting::SystemDefault
                | ProxySetting::Bypass
                | ProxySetting::Script(_)
                | ProxySetting::Unknown => None,
            });
        let bypasses = self
            .evidence
            .supplements
            .config_of(ConfigService::Connector)
            .is_some_and(|file| file.setting == ProxySetting::Bypass);
        let of_user = (user.enabled && !user.server.is_empty()).then(|| bare(&user.server));
        let answers = &self.evidence.supplements.answers;
        let told = answers.only_proxy().map(bare);
        let scripted =
            !user.script.is_empty() || user.auto_detect == Some(true) || answers.wpad == Some(true);
        // The services' own file comes first; where it goes around the proxy, so may WinHTTP.
        let wanted = named.clone().or(if bypasses { None } else { of_user.clone().or_else(|| told.clone()) });
        let differs = match (&wanted, &winhttp) {
            (Some(wanted), Some(winhttp)) => {
                !wanted.contains(winhttp.as_str()) && !winhttp.contains(wanted.as_str())
            }
            (Some(_), None) => true,
            (None, Some(_)) => !scripted,
            (None, None) => false,
        };
        if !differs {
            return;
        }
        let shown = |proxy: &Option<String>| {
            proxy.as_ref().map_or_else(
                || Message::new("host-direct"),
                |proxy| Message::new("host-proxy").text("proxy", proxy.clone()),
            )
        };
        let mut evidence = vec![Message::new("evidence-winhttp").message("way", shown(&winhttp))];
        if named.is_some() {
            evidence.push(Message::new("evidence-config-proxy").message("way", shown(&named)));
        }
        evidence.push(Message::new("evidence-user-proxy").message("way", shown(&of_user)));
        evidence.extend(told.map(|proxy| Message::new("evidence-answer-proxy").text("proxy", proxy)));
        let summary = Message::new("finding-winhttp-proxy-differs").message("winhttp", shown(&winhttp));
        self.add(FindingCode::WinhttpProxyDiffers, Severity::Warning, Confidence::Likely, summary, evidence);
    }

    /// Certificates for Microsoft's own hosts that nobody but something on the path can have signed.
    fn certificates(&mut self, host: &HostReport) {
        let mut seen: Vec<(&EndpointSeen, String)> = Vec::new();
        for identity in host.identities.iter().filter(|identity| identity.ran) {
            for endpoint in &identity.endpoints {
                let legs = [Some(&endpoint.direct), endpoint.proxied.as_ref()];
                let certificates = legs.into_iter().flatten().filter_map(|leg| leg.certificate.as_ref());
                for certificate in certificates {
                    let root =
                        if certificate.root.is_empty() { &certificate.issuer } else { &certificate.root };
                    let known = root.to_lowercase();
                    let strange =
                        !KNOWN_ROOTS.iter().any(|name| known.contains(name)) && is_microsofts(&endpoint.host);
                    let listed = seen.iter().any(|(other, _)| other.host == endpoint.host);
                    if strange && !listed {
                        seen.push((endpoint, root.clone()));
                    }
                }
            }
        }
        let Some((_, root)) = seen.first().cloned() else { return };
        let same = seen.iter().filter(|(_, other)| *other == root).count();
        // One host may have changed its authority; several hosts below one stranger have not.
        let confidence = if same > 1 { Confidence::Proven } else { Confidence::Possible };
        let severity = if same > 1 { Severity::Blocking } else { Severity::Warning };
        let mut evidence: Vec<_> = seen
            .iter()
            .take(MAX_EVIDENCE)
            .map(|(endpoint, root)| {
                Message::new("evidence-root")
                    .text("endpoint", format!("{}:{}", endpoint.host, endpoint.port))
                    .text("root", root.clone())
            })
            .collect();
        if seen.len() > MAX_EVIDENCE {
            evidence.push(Message::new("evidence-more").count("count", seen.len() - MAX_EVIDENCE));
        }
        let summary = Message::new("finding-certificate-intercepted-host")
            .text("root", root)
            .count("count", seen.len());
        let places = seen.iter().map(|(endpoint, _)| (endpoint.host.clone(), endpoint.port)).collect();
        let code = FindingCode::CertificateIntercepted;
        self.findings.push(Finding {
            code,
            severity,
            confidence,
            checks: Vec::new(),
            places,
            summary,
            evidence,
        });
    }

    /// Where the browser or the signed-in user arrives and a service's account does not; or where the browser
    /// arrives and Windows' own connections, of whichever account, do not.
    fn routes(&mut self, host: &HostReport) {
        // TLS that is switched off explains every difference to a browser, which brings its own.
        let no_tls = self.findings.iter().any(|finding| finding.code == FindingCode::SchannelTls12Disabled);
        let user = host.identity(Account::User);
        let mut places: Vec<(String, u16)> = Vec::new();
        let mut checks = Vec::new();
        let (mut needed, mut same_means) = (false, false);
        let mut evidence = Vec::new();
        for account in [Account::NetworkService, Account::System, Account::User] {
            let Some(service) = host.identity(account) else { continue };
            for seen in service.endpoints.iter().filter(|seen| seen.works(seen.route()) == Some(false)) {
                let rows = self.rows.iter().filter(|row| {
                    row.endpoint
                        .is_some_and(|endpoint| endpoint.host == seen.host && endpoint.port == seen.port)
                });
                let rows: Vec<_> = rows.filter(|row| row.check.check().expect != Expect::Refusal).collect();
                let browser = !no_tls && rows.iter().any(|row| row.is(Status::Reachable));
                let other = account != Account::User && arrives(user, seen);
                if !browser && !other {
                    continue;
                }
                same_means |= other;
                needed |= rows.iter().any(|row| row.check.check().need == Need::Required);
                checks.extend(rows.iter().map(|row| row.id().clone()));
                places.push((seen.host.clone(), seen.port));
                evidence.push(route_line(account, seen));
            }
        }
        if places.is_empty() {
            return;
        }
        checks.sort();
        checks.dedup();
        places.sort();
        places.dedup();
        let more = evidence.len().saturating_sub(MAX_EVIDENCE);
        evidence.truncate(MAX_EVIDENCE);
        if more > 0 {
            evidence.push(Message::new("evidence-more").count("count", more));
        }
        // What no check of this run stands for may be needed all the same.
        let severity = if needed { Severity::Blocking } else { Severity::Warning };
        let summary = Message::new("finding-routes-disagree")
            .count("count", places.len())
            .text("host", places[0].0.clone());
        // The same script on the same machine proves it; a browser's green may be of another time and kind of TLS.
        let confidence = if same_means { Confidence::Proven } else { Confidence::Likely };
        let code = FindingCode::RoutesDisagree;
        self.findings.push(Finding { code, severity, confidence, checks, places, summary, evidence });
    }

    /// A finding that no check stands for.
    pub(super) fn add(
        &mut self,
        code: FindingCode,
        severity: Severity,
        confidence: Confidence,
        summary: Message,
        evidence: Vec<Message>,
    ) {
        let (checks, places) = (Vec::new(), Vec::new());
        self.findings.push(Finding { code, severity, confidence, checks, places, summary, evidence });
    }
}

fn arrives(user: Option<&Identity>, seen: &EndpointSeen) -> bool {
    let theirs = user.and_then(|user| user.seen(&seen.host, seen.port));
    theirs.is_some_and(|theirs| theirs.works(theirs.route()) == Some(true))
}

/// How far an account came on its way to an endpoint.
pub fn route_line(account: Account, seen: &EndpointSeen) -> Message {
    let leg = seen.route();
    let stage = match leg.reached {
        Stage::NotTried => "host-stage-not-tried",
        Stage::Nothing => "host-stage-nothing",
        Stage::Name => "host-stage-name",
        Stage::Tcp => "host-stage-tcp",
        Stage::Tunnel => "host-stage-tunnel",
        Stage::Tls => "host-stage-untrusted",
    };
    let stage = if seen.works(leg) == Some(true) { "host-stage-reached" } else { stage };
    let way = leg.proxy.as_ref().map_or_else(
        || Message::new("host-direct"),
        |proxy| Message::new("host-proxy").text("proxy", proxy.clone()),
    );
    Message::new("evidence-route")
        .message("account", Message::new(format!("host-account-{}", account.as_str())))
        .text("endpoint", format!("{}:{}", seen.host, seen.port))
        .message("way", way)
        .message("stage", Message::new(stage))
}

/// A proxy's host and port, without scheme and capitals.
fn bare(proxy: &str) -> String {
    let proxy = proxy.trim().to_ascii_lowercase();
    let proxy = proxy.strip_prefix("http://").unwrap_or(&proxy);
    proxy.trim_end_matches('/').to_owned()
}

fn is_microsofts(host: &str) -> bool {
    MICROSOFT_DOMAINS
        .iter()
        .any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}
