//! What the services' configuration files do about proxies, and what is wrong with them.

use super::Matrix;
use super::seen::MAX_EVIDENCE;
use crate::answers::WayOut;
use crate::config::{ConfigFile, ConfigProblem, ConfigService, ProblemKind, ProxySetting, Weight};
use crate::finding::{Confidence, FindingCode, Severity};
use crate::host::Account;
use crate::text::Message;

impl Matrix<'_> {
    /// Everything that the configuration files tell.
    pub(super) fn configs(&mut self) {
        let supplements = &self.evidence.supplements;
        let files = supplements.config_files();
        if files.is_empty() {
            return;
        }
        for (code, kinds) in [
            (FindingCode::ConfigMalformed, &MALFORMED[..]),
            (FindingCode::ConfigMisplacedElement, &[ProblemKind::Misplaced][..]),
            (
                FindingCode::ConfigProxyWithoutScheme,
                &[ProblemKind::WithoutScheme, ProblemKind::BadAddress][..],
            ),
        ] {
            let found: Vec<_> = files
                .iter()
                .flat_map(|file| file.problems.iter().map(move |problem| (*file, problem)))
                .filter(|(_, problem)| kinds.contains(&problem.kind))
                .collect();
            self.config_problem(code, &found);
        }
        self.bypass();
        self.disagreement();
    }

    fn config_problem(&mut self, code: FindingCode, found: &[(&ConfigFile, &ConfigProblem)]) {
        let Some((file, _)) = found.first() else { return };
        let breaks = found.iter().any(|(_, problem)| problem.kind.weight() == Weight::Breaks);
        let severity = if breaks { Severity::Blocking } else { Severity::Warning };
        let confidence = if breaks { Confidence::Likely } else { Confidence::Possible };
        // What is no XML at all no reader can read.
        let unreadable = [ProblemKind::Malformed, ProblemKind::WrongEncoding, ProblemKind::NotAConfig];
        let proven = found.iter().any(|(_, problem)| unreadable.contains(&problem.kind));
        let confidence = if proven { Confidence::Proven } else { confidence };
        let mut evidence: Vec<_> =
            found.iter().take(MAX_EVIDENCE).map(|(file, problem)| problem_line(file, problem)).collect();
        if found.len() > MAX_EVIDENCE {
            evidence.push(Message::new("evidence-more").count("count", found.len() - MAX_EVIDENCE));
        }
        let summary = Message::new(format!("finding-{code}")).text("file", file.name.clone());
        self.add(code, severity, confidence, summary, evidence);
    }

    /// The services go around every proxy: right where the firewall lets them, and a trap where it does not.
    fn bypass(&mut self) {
        let supplements = &self.evidence.supplements;
        let files: Vec<_> = supplements
            .config_files()
            .into_iter()
            .filter(|file| file.setting == ProxySetting::Bypass)
            .collect();
        let Some(first) = files.first() else { return };
        let mut evidence: Vec<_> = files.iter().map(|file| setting_line(file)).collect();
        let told = supplements.answers.proxy == Some(WayOut::ProxyOnly);
        if told {
            evidence.push(Message::new("evidence-proxy-only"));
        }
        let direct = supplements.host.as_deref().and_then(|host| {
            [Account::NetworkService, Account::System].into_iter().find_map(|account| host.identity(account))
        });
        // Behind a firewall that lets nothing out directly, a bypass leads nowhere.
        let tried = direct.map(|identity| {
            let tried = identity.endpoints.iter().filter_map(|seen| seen.works(&seen.direct));
            let (worked, failed): (Vec<_>, Vec<_>) = tried.partition(|works| *works);
            (worked.len(), failed.len())
        });
        if let Some((worked, failed)) = tried {
            evidence.push(Message::new("evidence-direct").count("worked", worked).count("failed", failed));
        }
        let (severity, confidence) = match (tried, told) {
            (Some((0, failed)), _) if failed > 0 => (Severity::Blocking, Confidence::Proven),
            (_, true) => (Severity::Blocking, Confidence::Likely),
            (Some(_) | None, false) => (Severity::Info, Confidence::Proven),
        };
        let summary = Message::new("finding-config-proxy-bypassed")
            .text("file", first.name.clone())
            .count("count", files.len());
        self.add(FindingCode::ConfigProxyBypassed, severity, confidence, summary, evidence);
    }

    fn disagreement(&mut self) {
        let supplements = &self.evidence.supplements;
        let of =
            |service| supplements.config_of(service).filter(|file| file.setting != ProxySetting::Unknown);
        let (Some(connector), Some(updater)) = (of(ConfigService::Connector), of(ConfigService::Updater))
        else {
            return;
        };
        if connector.setting == updater.setting {
            return;
        }
        let evidence = vec![setting_line(connector), setting_line(updater)];
        let summary = Message::new("finding-config-services-disagree");
        let code = FindingCode::ConfigServicesDisagree;
        self.add(code, Severity::Warning, Confidence::Proven, summary, evidence);
    }
}

/// What makes a file one that .NET refuses, beyond elements in the wrong place and bad addresses.
const MALFORMED: [ProblemKind; 9] = [
    ProblemKind::WrongEncoding,
    ProblemKind::EncodingContradicts,
    ProblemKind::DocumentType,
    ProblemKind::Malformed,
    ProblemKind::NotAConfig,
    ProblemKind::Misspelt,
    ProblemKind::UnknownAttribute,
    ProblemKind::BadValue,
    ProblemKind::Duplicate,
];

/// One problem, with its place.
pub fn problem_line(file: &ConfigFile, problem: &ConfigProblem) -> Message {
    Message::new("evidence-config-problem")
        .text("file", file.name.clone())
        .text("line", problem.line.to_string())
        .text("column", problem.column.to_string())
        .message(
            "problem",
            Message::new(format!("config-problem-{}", problem.kind.as_str()))
                .text("detail", problem.detail.clone()),
        )
}

/// What a file makes its service do.
pub fn setting_line(file: &ConfigFile) -> Message {
    let address = match &file.setting {
        ProxySetting::Named(address) | ProxySetting::Script(address) => address.clone(),
        ProxySetting::SystemDefault | ProxySetting::Bypass | ProxySetting::Unknown => String::new(),
    };
    let does = Message::new(format!("config-setting-{}", file.setting.as_str())).text("address", address);
    Message::new("evidence-config-setting").text("file", file.name.clone()).message("does", does)
}
