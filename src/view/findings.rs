//! The findings: what was found, what speaks for it, what to do.

use connector_check_diagnosis::context;
use connector_check_diagnosis::evidence::Evidence;
use connector_check_diagnosis::finding::{Confidence, Finding, FindingCode, Severity};
use connector_check_diagnosis::guidance::{self, Guide};
use connector_check_diagnosis::text::Message as Text;
use yew::prelude::*;

use super::{Scene, guide, icon};
use crate::state::Phase;
use crate::tables::Look;

/// All findings of an ended run, or of what was brought without one, in their order; the first lies open.
pub fn list(scene: Scene<'_>) -> Html {
    let known = scene.state.known().filter(|_| scene.state.phase != Phase::Running);
    let Some((evidence, diagnosis)) = known else { return html! {} };
    let run = scene.state.run.as_ref().map_or(0, |run| run.number);
    html! {
        <section class="findings" part="findings" aria-labelledby="findings-title">
            <h2 id="findings-title">{ scene.say("findings-title") }</h2>
            { for diagnosis.findings.iter().enumerate().map(|(at, finding)| {
                card(scene, evidence, finding, at, run)
            }) }
        </section>
    }
}

/// The guide with the organisation's own steps after its own.
fn with_own_steps(scene: Scene<'_>, mut guide: Guide, code: FindingCode) -> Guide {
    let site = &scene.state.site;
    let whose = site
        .organisation
        .as_ref()
        .map(|name| scene.tell(&Text::new("site-step").text("organisation", name.clone())));
    let own = site.steps_for(code, scene.state.texts.language());
    guide.steps.extend(own.map(|step| step.blocks(whose.as_deref())));
    guide
}

fn card(scene: Scene<'_>, evidence: &Evidence, finding: &Finding, at: usize, run: u32) -> Html {
    let (class, look) = match finding.severity {
        Severity::Blocking => ("blocking", Look::Failed),
        Severity::Warning => ("warning", Look::Intercepted),
        Severity::Info => ("info", Look::RefusedAsItMust),
    };
    let confidence = match finding.confidence {
        Confidence::Proven => "confidence-proven",
        Confidence::Likely => "confidence-likely",
        Confidence::Possible => "confidence-possible",
    };
    let code = finding.code.as_str();
    let guide = guidance::guide(scene.state.texts.language(), code)
        .map(|guide| guide.filled(&context(finding, evidence)))
        .map(|guide| with_own_steps(scene, guide, finding.code));
    let title = guide.as_ref().map_or_else(|| code.to_owned(), |guide| guide.title.clone());
    html! {
        // Keyed by run: a fresh run opens its first finding, whatever was open before.
        <details key={format!("{run}-{at}")} class={classes!("finding", class)} part={format!("finding finding-{class}")} open={at == 0}>
            <summary>
                { if finding.severity == Severity::Info { html! {} } else { icon::look(look) } }
                <span class="head">
                    <span class="line">
                        <span class="title">{ title }</span>
                        <span class="tags">
                            <span class="tag severity">{ scene.say(&format!("severity-{class}")) }</span>
                            <span class="tag">{ scene.say(confidence) }</span>
                        </span>
                    </span>
                    <span class="summary">{ scene.tell(&finding.summary) }</span>
                </span>
            </summary>
            <div class="body">
                <div class="columns">
                    <div class="guide">
                        { guide.map(|filled| guide::draw(scene, &filled, &format!("{code}-{at}"))).unwrap_or_default() }
                    </div>
                    <div class="seen">
                        <h3>{ scene.say("evidence-title") }</h3>
                        <ul>{ for finding.evidence.iter().map(|line| html! { <li>{ scene.tell(line) }</li> }) }</ul>
                        <p class="code">{ scene.say("finding-code") }{ " " }<code>{ code }</code></p>
                    </div>
                </div>
            </div>
        </details>
    }
}
