//! The tables: regions or hosts down, ports across, one cell for each place, details on demand.

use connector_check_diagnosis::decision::Reason;
use connector_check_diagnosis::evidence::{CheckEvidence, NotRun};
use connector_check_diagnosis::plan::Target;
use connector_check_diagnosis::text::Message as Text;
use connector_check_diagnosis::{CheckResult, route_line};
use yew::prelude::*;

use super::{Scene, icon};
use crate::app::Msg;
use crate::state::Replay;
use crate::tables::{Cell, Column, Kind, Look, Table, TableRow, look, tables};

/// Tables of up to so many columns stand side by side where there is room.
const FEW_COLUMNS: usize = 1;

/// The tables above the findings: regions where the catalogue has them, else the service's hosts; beside them
/// the sign-in pages, where there is room.
pub fn matrix(scene: Scene<'_>) -> Html {
    let tables = all(scene);
    let first = tables.iter().filter(|table| is_first(table, &tables));
    html! { <div class="tables">{ for first.map(|table| draw(scene, table)) }</div> }
}

/// The other tables.
pub fn others(scene: Scene<'_>) -> Html {
    let tables = all(scene);
    let rest: Vec<_> = tables.iter().filter(|table| !is_first(table, &tables)).collect();
    html! { <div class="tables">{ for rest.into_iter().map(|table| draw(scene, table)) }</div> }
}

/// Below a wide table the sign-in pages would push the first step off the first screen.
fn is_first(table: &Table, tables: &[Table]) -> bool {
    let main = tables.iter().find(|table| matches!(table.kind, Kind::Regions | Kind::Service));
    match main {
        Some(main) if main.kind == table.kind => true,
        Some(main) => table.kind == Kind::Login && main.columns.len() <= FEW_COLUMNS,
        None => table.kind == Kind::Login,
    }
}

fn all(scene: Scene<'_>) -> Vec<Table> {
    let state = scene.state;
    tables(state.catalogue(), state.fill(), state.run.as_ref())
}

fn draw(scene: Scene<'_>, table: &Table) -> Html {
    let kind = table.kind.name();
    let title = scene.say(&format!("table-{kind}"));
    let rows_are = scene.say(if table.kind == Kind::Regions { "column-region" } else { "column-host" });
    html! {
        <section class={classes!("results", if table.columns.len() > FEW_COLUMNS { "wide" } else { "narrow" })} key={kind} part="table" aria-labelledby={format!("table-{kind}")}>
            <div class="caption">
                <h2 id={format!("table-{kind}")}>{ title.clone() }</h2>
                <p class="hint">{ scene.say(&format!("table-{kind}-hint")) }</p>
            </div>
            // Wide tables scroll inside their own box, which the keyboard can reach.
            <div class="scroll" tabindex="0" role="group" aria-label={title}>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{ rows_are }</th>
                            { for table.columns.iter().map(|column| head(scene, column)) }
                        </tr>
                    </thead>
                    <tbody>{ for table.rows.iter().enumerate().map(|(at, row)| line(scene, table, row, at)) }</tbody>
                </table>
            </div>
        </section>
    }
}

fn head(scene: Scene<'_>, column: &Column) -> Html {
    let label = Text::new("port-label").text("port", column.title());
    html! {
        <th scope="col" class="port"><span class="unseen">{ scene.tell(&label) }</span>
            <span aria-hidden="true">{ column.title() }</span></th>
    }
}

fn line(scene: Scene<'_>, table: &Table, row: &TableRow, at: usize) -> Html {
    let key = |column: usize| format!("{}-{at}-{column}", table.kind.name());
    let open = row
        .cells
        .iter()
        .enumerate()
        .find(|(column, _)| scene.shown.details.as_deref() == Some(key(*column).as_str()))
        .and_then(|(column, cell)| Some((column, cell.as_ref()?)));
    html! {
        <>
            <tr>
                <th scope="row">
                    <span class="name">{ &row.title }</span>
                    if let Some(host) = &row.host { <span class="host">{ host }</span> }
                </th>
                { for row.cells.iter().enumerate().map(|(column, cell)| html! {
                    <td>{ cell.as_ref().map_or_else(|| nothing(scene), |cell| place(scene, cell, &key(column))) }</td>
                }) }
            </tr>
            if let Some((column, cell)) = open {
                <tr class="details" id={format!("details-{}", key(column))}>
                    <td colspan={(table.columns.len() + 1).to_string()}>{ details(scene, cell) }</td>
                </tr>
            }
        </>
    }
}

fn nothing(scene: Scene<'_>) -> Html {
    html! { <span class="nothing"><span class="unseen">{ scene.say("cell-nothing") }</span><span aria-hidden="true">{ "–" }</span></span> }
}

fn place(scene: Scene<'_>, cell: &Cell, key: &str) -> Html {
    let name = cell.look.name();
    let open = scene.shown.details.as_deref() == Some(key);
    let several = cell.checks.len() > 1;
    let settled = !matches!(cell.look, Look::Waiting | Look::Running | Look::Skipped | Look::NotTestable);
    let target = (!open).then(|| key.to_owned());
    let onclick = scene.link.callback(move |_: MouseEvent| Msg::Details(target.clone()));
    let count = Text::new("cell-count").count("reached", cell.reached).count("total", cell.checks.len());
    html! {
        <button type="button" class={classes!("cell", name)} part={format!("cell cell-{name}")} data-look={name} {onclick}
                aria-expanded={open.to_string()} aria-controls={open.then(|| format!("details-{key}"))}>
            { icon::look(cell.look) }
            <span class="word">{ scene.say(&format!("look-{name}")) }</span>
            <span class="more">
                if several && settled { { scene.tell(&count) } }
                else if settled && let Some(ms) = cell.ms { { duration(scene, ms) } }
                else { { "\u{a0}" } }
            </span>
        </button>
    }
}

fn duration(scene: Scene<'_>, ms: u32) -> String {
    if ms < 1_000 {
        scene.tell(&Text::new("milliseconds").text("ms", ms.to_string()))
    } else {
        scene.tell(&Text::new("seconds").text("seconds", format!("{:.1}", f64::from(ms) / 1000.0)))
    }
}

/// What stands behind a cell: every check with its address, its reason, its purpose and its rule.
fn details(scene: Scene<'_>, cell: &Cell) -> Html {
    let Some(checks) = scene.state.run.as_ref().map(|run| {
        cell.checks
            .iter()
            .filter_map(|id| {
                let at = run.evidence.checks.iter().position(|check| &check.check().id == id)?;
                Some((&run.evidence.checks[at], run.diagnosis.results.get(at)))
            })
            .collect::<Vec<_>>()
    }) else {
        return html! { <p>{ scene.say("details-not-run") }</p> };
    };
    html! {
        <ul class="checks">{ for checks.into_iter().map(|(check, result)| one(scene, check, result)) }</ul>
    }
}

fn one(scene: Scene<'_>, evidence: &CheckEvidence, result: Option<&CheckResult>) -> Html {
    let look = look(evidence, result);
    let check = evidence.check();
    let address = match &evidence.planned.target {
        Target::Endpoint(endpoint) => endpoint.url(),
        Target::WaitsFor(_) => check.url.clone(),
    };
    let reason =
        result.and_then(|result| result.decision.as_ref()).map(|(_, reason)| reason_text(scene, reason));
    let time = result.and_then(|result| result.duration_ms);
    html! {
        <li class={look.name()}>
            { icon::look(look) }
            <div>
                <p class="address"><code>{ address }</code>
                    if let Some(ms) = time {
                        <span class="time">{ scene.tell(&Text::new("milliseconds").text("ms", format!("{ms:.0}"))) }</span>
                    }
                </p>
                if let Some(reason) = reason { <p>{ reason }</p> }
                { services(scene, evidence) }
                if !check.purpose.is_empty() { <p class="purpose">{ &check.purpose }</p> }
                if !check.allow.is_empty() {
                    <p class="rule">{ scene.say("details-rule") }{ " " }<code>{ &check.allow }</code>
                        { scene.copy_button(format!("rule-{}", check.id), check.allow.clone()) }</p>
                }
            </div>
        </li>
    }
}

/// What the services' accounts saw of the same place, beside what the browser saw.
fn services(scene: Scene<'_>, evidence: &CheckEvidence) -> Html {
    let known = evidence.endpoint().zip(scene.state.supplements.host.as_deref());
    let Some((endpoint, host)) = known.filter(|_| scene.state.replay == Replay::Off) else { return html! {} };
    let lines = host.identities.iter().filter(|identity| identity.ran).filter_map(|identity| {
        let seen = identity.seen(&endpoint.host, endpoint.port)?;
        let works = seen.works(seen.route())?;
        Some((works, route_line(identity.account, seen)))
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return html! {};
    }
    html! {
        <ul class="services" aria-label={scene.say("view-services")}>{ for lines.into_iter().map(|(works, line)| {
            let look = if works { Look::Reachable } else { Look::Failed };
            html! { <li class={look.name()}>{ icon::look(look) }{ " " }{ scene.tell(&line) }</li> }
        }) }</ul>
    }
}

fn reason_text(scene: Scene<'_>, reason: &Reason) -> String {
    let text = match reason {
        Reason::Answered => Text::new("reason-answered"),
        Reason::Failed => Text::new("reason-failed"),
        Reason::TimedOut => Text::new("reason-timed-out"),
        Reason::NameTimedOut => Text::new("reason-name-timed-out"),
        Reason::Held => Text::new("reason-held"),
        Reason::Withheld => Text::new("reason-withheld"),
        Reason::PermissionPossible => Text::new("reason-permission-possible"),
        Reason::AtOnce => Text::new("reason-at-once"),
        Reason::TlsFails => Text::new("reason-tls-fails"),
        Reason::SilentAfterConnect => Text::new("reason-silent-after-connect"),
        Reason::TlsWithoutHttp => Text::new("reason-tls-without-http"),
        Reason::ConnectionRefused => Text::new("reason-connection-refused"),
        Reason::RefusedAsItMust => Text::new("reason-refused-as-it-must"),
        Reason::AnsweredThoughImpossible => Text::new("reason-answered-though-impossible"),
        Reason::AnswersAreFabricated => Text::new("reason-answers-are-fabricated"),
        Reason::DomainAnswersAnything => Text::new("reason-domain-answers-anything"),
        Reason::DomainMayBeSpared => Text::new("reason-domain-may-be-spared"),
        Reason::HostUnproven => Text::new("reason-host-unproven"),
        Reason::CanaryUndecided => Text::new("reason-canary-undecided"),
        Reason::NothingAnswered => Text::new("reason-nothing-answered"),
        Reason::NeedsAnotherProbe => Text::new("reason-needs-another-probe"),
        Reason::CanaryTimedOut => Text::new("reason-canary-timed-out"),
        Reason::ClockGap => Text::new("reason-clock-gap"),
        Reason::PermissionPrompt => Text::new("reason-permission-prompt"),
        Reason::Prevented(limit) => Text::new(format!("reason-prevented-{}", limit.code())),
        Reason::WaitsFor(ids) => Text::new("reason-waits-for").text("names", ids.join(", ")),
        Reason::NotRun(NotRun::Stopped) => Text::new("reason-stopped"),
        Reason::NotRun(NotRun::NoRoom) => Text::new("reason-no-room"),
    };
    scene.tell(&text)
}
