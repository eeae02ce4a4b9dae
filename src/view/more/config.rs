//! The configuration files: what they do, what is wrong, and the corrected files.

use connector_check_diagnosis::config::ConfigFile;
use connector_check_diagnosis::text::Message as Text;
use connector_check_diagnosis::{problem_line, setting_line};
use connector_check_host::doctor::{Choice, mend};
use web_sys::{HtmlInputElement, InputEvent};
use yew::prelude::*;

use super::super::Scene;
use super::{act, choices, command, save};
use crate::app::Msg;
use crate::desk::{Action, Brought};

const NEW: &str = "C:\\Program Files\\Microsoft Entra private network connector\\MicrosoftEntraPrivateNetworkConnectorService.exe.config\r\nC:\\Program Files\\Microsoft Entra private network connector Updater\\MicrosoftEntraPrivateNetworkConnectorUpdaterService.exe.config";
const OLD: &str = "C:\\Program Files\\Microsoft AAD App Proxy Connector\\ApplicationProxyConnectorService.exe.config\r\nC:\\Program Files\\Microsoft AAD App Proxy Connector Updater\\ApplicationProxyConnectorUpdaterService.exe.config";
const BACKUP: &str = "Get-ChildItem 'C:\\Program Files\\Microsoft Entra private network connector*\\*Service.exe.config', 'C:\\Program Files\\Microsoft AAD App Proxy Connector*\\*Service.exe.config' -ErrorAction SilentlyContinue | ForEach-Object { Copy-Item $_.FullName \"$($_.FullName).bak\" }";
const RESTART: &str = "Restart-Service WAPCSvc, WAPCUpdaterSvc";

pub(super) fn panel(scene: Scene<'_>) -> Html {
    let onfile = scene.link.batch_callback(|event: Event| {
        let input: Option<HtmlInputElement> = event.target_dyn_into();
        let Some(input) = input else { return Vec::new() };
        let files = input.files();
        let files: Vec<_> = files
            .iter()
            .flat_map(|files| (0..files.length()).filter_map(|at| files.get(at)))
            .map(Msg::File)
            .collect();
        // The same file may be chosen again after it was mended.
        input.set_value("");
        files
    });
    let files = scene.state.supplements.config_files();
    html! {
        <>
            <label class="file secondary">{ scene.say("config-choose") }
                <input type="file" multiple=true accept=".config,.xml" class="unseen" onchange={onfile} /></label>
            <details class="more"><summary>{ scene.say("config-where") }</summary>
                <p>{ scene.say("config-where-new") }</p>{ command(scene, "config-new", NEW) }
                <p>{ scene.say("config-where-old") }</p>{ command(scene, "config-old", OLD) }
            </details>
            <div class="result" role="status">{ for files.iter().map(|file| told(scene, file)) }</div>
            if !scene.state.desk.configs.is_empty() { { mending(scene) } }
        </>
    }
}

fn told(scene: Scene<'_>, file: &ConfigFile) -> Html {
    let brought = scene.state.supplements.configs.contains(file);
    html! {
        <>
            <h3>{ scene.say(&format!("config-service-{}", file.service.as_str())) }</h3>
            <p>{ scene.tell(&setting_line(file)) }</p>
            if file.problems.is_empty() {
                <p>{ scene.say("config-none") }</p>
            } else {
                <p>{ scene.say("config-problems") }</p>
                <ul>{ for file.problems.iter().map(|problem| html! { <li>{ scene.tell(&problem_line(file, problem)) }</li> }) }</ul>
            }
            if !brought { <p>{ scene.say("config-from-host") }</p> }
        </>
    }
}

fn mending(scene: Scene<'_>) -> Html {
    let desk = &scene.state.desk;
    let options = [(true, scene.say("config-want-bypass")), (false, scene.say("config-want-named"))];
    let want =
        choices(scene, "config-want", scene.say("config-want"), &options, Some(desk.bypass), Action::Bypass);
    let both = desk.configs.len() == 1;
    html! {
        <>
            { want }
            if !desk.bypass { { proxy(scene, "config-proxy") } }
            if let Some(choice) = desk.choice() { { for desk.configs.iter().map(|file| mended(scene, file, &choice)) } }
            if both { <p>{ scene.say("config-both") }</p> }
            <h3>{ scene.say("config-steps") }</h3>
            <ol class="steps">
                <li>{ scene.say("config-step-backup") }{ command(scene, "config-backup", BACKUP) }</li>
                <li>{ scene.say("config-step-put") }</li>
                <li>{ scene.say("config-step-restart") }{ command(scene, "config-restart", RESTART) }</li>
                <li>{ scene.say("config-step-upgrade") }</li>
            </ol>
        </>
    }
}

/// The field for the proxy; several panels have it, and it is one proxy.
pub(super) fn proxy(scene: Scene<'_>, id: &'static str) -> Html {
    let bad = scene.state.desk.proxy().and_then(Result::err);
    let oninput = scene.link.batch_callback(|event: InputEvent| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(act(Action::Proxy(input.value())))
    });
    let error = format!("{id}-bad");
    html! {
        <p class="fill">
            <label for={id}>{ scene.say(id) }</label>
            <input {id} type="text" placeholder="http://proxyserver:8080" autocomplete="off" spellcheck="false"
                   value={scene.state.desk.proxy.clone()} {oninput} aria-invalid={bad.is_some().to_string()}
                   aria-describedby={bad.is_some().then(|| error.clone())} />
            if let Some(message) = bad {
                <span class="error" id={error}>{ scene.tell(&Text::new("config-proxy-error").text("message", message)) }</span>
            }
        </p>
    }
}

fn mended(scene: Scene<'_>, file: &Brought, choice: &Choice) -> Html {
    let with = |id: &str| Text::new(id).text("file", file.name.clone());
    match mend(&file.bytes, choice) {
        Err(_) => html! { <p class="error">{ scene.tell(&with("config-unmendable")) }</p> },
        Ok(mended) if mended.edits.is_empty() => html! { <p>{ scene.tell(&with("config-unchanged")) }</p> },
        Ok(mended) => {
            let changes = Text::new("config-changes").count("count", mended.edits.len());
            let left = ConfigFile {
                name: file.name.clone(),
                service: connector_check_diagnosis::config::ConfigService::Unknown,
                setting: connector_check_diagnosis::config::ProxySetting::Unknown,
                problems: mended.left.clone(),
            };
            html! {
                <div>
                    <p>{ save(scene, scene.tell(&with("config-save")), &file.name, mended.bytes) }{ " " }{ scene.tell(&changes) }</p>
                    if !left.problems.is_empty() {
                        <p>{ scene.say("config-left") }</p>
                        <ul>{ for left.problems.iter().map(|problem| html! { <li>{ scene.tell(&problem_line(&left, problem)) }</li> }) }</ul>
                    }
                </div>
            }
        }
    }
}
