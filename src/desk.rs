//! What files and the admin bring beside a run, as far as it is no evidence: files as they came, choices, typed texts.

use connector_check_diagnosis::answers::Answers;
use connector_check_diagnosis::config::{ConfigFile, ConfigService};
use connector_check_diagnosis::host::HostReport;
use connector_check_diagnosis::supplements::Supplements;
use connector_check_diagnosis::text::Message as Text;
use connector_check_host::doctor::{Choice, ProxyAddress, examine, examine_text};
use connector_check_host::handover::Form;

use crate::message::Effect;
use crate::state::State;

/// What can happen there.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A result of the host script was read, or refused.
    Host(String, Box<Result<HostReport, String>>),
    /// The host script's result is to be forgotten.
    ForgetHost,
    /// A configuration file was brought: its name and its bytes.
    Config(String, Vec<u8>),
    /// The admin answered.
    Answer(Answers),
    /// What the mended files are to do: go around every proxy, or not.
    Bypass(bool),
    /// The proxy was typed.
    Proxy(String),
    /// Something was pasted, and is not read yet.
    Paste(String),
    /// The form of the rules.
    Form(Form),
    /// Whether all rules are handed over, and not only of what failed.
    Everything(bool),
    /// Whether revocation goes around the proxy.
    RevocationDirect(bool),
}

/// A file as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What lies there.
#[derive(Debug, Clone, PartialEq)]
pub struct Desk {
    /// Configuration files, the latest of each service.
    pub configs: Vec<Brought>,
    /// Whether the mended files go around every proxy.
    pub bypass: bool,
    /// The proxy as it was typed.
    pub proxy: String,
    /// What was pasted.
    pub pasted: String,
    /// The form of the rules.
    pub form: Form,
    /// Whether all rules are handed over.
    pub everything: bool,
    /// Whether revocation goes around the proxy.
    pub revocation_direct: bool,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            configs: Vec::new(),
            bypass: true,
            proxy: String::new(),
            pasted: String::new(),
            form: Form::Text,
            everything: true,
            revocation_direct: false,
        }
    }
}

impl Desk {
    /// The proxy that was typed; an error for the admin where it is none, nothing where nothing was typed.
    pub fn proxy(&self) -> Option<Result<ProxyAddress, String>> {
        (!self.proxy.trim().is_empty()).then(|| ProxyAddress::parse(&self.proxy))
    }

    /// What the mended files are to do; `None` while the proxy is missing.
    pub fn choice(&self) -> Option<Choice> {
        if self.bypass { Some(Choice::Bypass) } else { self.proxy()?.ok().map(Choice::Named) }
    }

    /// Takes an action in; `true` where it changes the evidence, which `supplements` then holds.
    pub fn act(&mut self, action: Action, supplements: &mut Supplements) -> bool {
        match action {
            Action::Host(_, report) => {
                if let Ok(report) = *report {
                    supplements.host_configs = files_of(&report);
                    supplements.host = Some(Box::new(report));
                    self.pasted = String::new();
                }
                true
            }
            Action::ForgetHost => {
                supplements.host = None;
                supplements.host_configs = Vec::new();
                true
            }
            Action::Config(name, bytes) => {
                let file = examine(&name, &bytes);
                let service = file.service;
                let same = |other: &str| {
                    let of = ConfigService::of(other);
                    if service == ConfigService::Unknown { other == name } else { of == service }
                };
                self.configs.retain(|other| !same(&other.name));
                supplements.configs.retain(|other| !same(&other.name));
                self.configs.push(Brought { name: name.clone(), bytes });
                supplements.configs.push(file);
                true
            }
            Action::Answer(answers) => {
                supplements.answers = answers;
                true
            }
            Action::Bypass(bypass) => {
                self.bypass = bypass;
                false
            }
            Action::Proxy(typed) => {
                self.proxy = typed;
                // It is an answer as well, and stands in the report; what is no address, or holds a password, does not.
                let named = self.proxy().and_then(Result::ok);
                let named = named.map_or_else(String::new, |proxy| proxy.as_str().to_owned());
                let changed = supplements.answers.proxy_address != named;
                supplements.answers.proxy_address = named;
                changed
            }
            Action::Paste(text) => {
                self.pasted = text;
                false
            }
            Action::Form(form) => {
                self.form = form;
                false
            }
            Action::Everything(everything) => {
                self.everything = everything;
                false
            }
            Action::RevocationDirect(direct) => {
                self.revocation_direct = direct;
                false
            }
        }
    }
}

/// The configuration files that the script brought along, read.
fn files_of(report: &HostReport) -> Vec<ConfigFile> {
    let name = |path: &str| path.rsplit(['\\', '/']).next().unwrap_or(path).to_owned();
    report.configs.iter().map(|config| examine_text(&name(&config.path), &config.text)).collect()
}

impl State {
    /// Takes in what was brought or chosen, and diagnoses anew where that is evidence.
    pub(crate) fn at_desk(&mut self, action: Action) -> Vec<Effect> {
        if let Action::Host(name, report) = &action
            && let Err(message) = report.as_ref()
        {
            let (name, message) = (name.clone(), message.clone());
            let name = if name.is_empty() { self.texts.get("pasted") } else { name };
            return self
                .complain(Text::new("notice-host-refused").text("name", name).text("message", message));
        }
        let mut supplements = self.supplements.clone();
        if !self.desk.act(action, &mut supplements) {
            return Vec::new();
        }
        self.notice = None;
        self.supplement(|known| *known = supplements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_is_typed_is_an_answer_once_it_is_one_and_never_with_a_password() {
        let (mut desk, mut supplements) = (Desk::default(), Supplements::default());
        for (typed, kept, changes) in [
            ("proxy", "", false),
            ("Proxy:8080", "http://proxy:8080", true),
            ("http://proxy:8080/", "http://proxy:8080", false),
            ("user:secret@proxy:8080", "", true),
            ("", "", false),
        ] {
            let changed = desk.act(Action::Proxy(typed.to_owned()), &mut supplements);
            assert_eq!((supplements.answers.proxy_address.as_str(), changed), (kept, changes), "{typed}");
            assert_eq!(desk.proxy, typed, "what was typed stays in the field");
        }
    }
}
