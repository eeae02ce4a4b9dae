//! The custom element's contract: attributes, properties, methods, events, and a life in a page that moves it.

use super::{SLOW, SMALL, Stage, catalogue};
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(
    element_waits_to_be_started,
    element_attributes,
    element_properties_and_run,
    element_stop,
    element_events,
    element_refuses_a_bad_catalogue,
    element_moves,
    element_removed_while_running,
    element_mounted_a_hundred_times,
    run_ends_for_its_caller_whatever_happens,
    run_of_what_was_just_set,
);

async fn element_waits_to_be_started(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js("await pause(500);
             same([element.state, element.report, element.catalogue], ['idle', null, 'small'], 'at first');")
        .await;
    assert_eq!(stage.accepted(&SMALL), 0, "nothing was to be asked");
}

async fn element_attributes(mut lab: Lab, kind: Kind) {
    let by_address = catalogue("by-address", &SMALL);
    let stage = Stage::furnished(&mut lab, kind, |site| {
        std::fs::write(site.join("own.json"), by_address.to_string()).expect("the lab's folder is there");
    })
    .await;
    stage.open("").await;
    stage
        .js("const add = async (attributes, catalogue) => {
                 const other = document.createElement('connector-check');
                 for (const [name, value] of Object.entries(attributes)) other.setAttribute(name, value);
                 document.body.append(other);
                 await until(() => other.catalogue === catalogue && other.shadowRoot?.querySelector('.cell'), JSON.stringify(attributes));
                 return other;
             };
             const byId = await add({ catalogue: 'slow' }, 'slow');
             same(byId.state, 'idle', 'without autorun');
             byId.setAttribute('catalogue', 'us-government');
             await until(() => byId.catalogue === 'us-government', 'an attribute that changes');
             await add({ catalogue: 'own.json' }, 'by-address');
             await add({ catalogue: new URL('own.json', location.href).href }, 'by-address');
             const missing = next('connector-check:error');
             byId.setAttribute('catalogue', './missing.json');
             assert((await missing).detail.message.includes('missing.json'), 'an address without a catalogue is named');
             same(byId.catalogue, 'us-government', 'after a missing one');

             const scheme = (at) => getComputedStyle(at).colorScheme;
             const ground = (at) => getComputedStyle(at.shadowRoot.querySelector('.page')).backgroundColor;
             byId.setAttribute('theme', 'dark');
             const dark = ground(byId);
             same(scheme(byId), 'dark', 'theme=dark');
             byId.setAttribute('theme', 'light');
             same(scheme(byId), 'light', 'theme=light');
             assert(ground(byId) !== dark, 'light and dark differ');
             byId.setAttribute('theme', 'auto');
             same(scheme(byId), 'light dark', 'theme=auto');

             // A language that nobody has written yet falls back, and says which one it speaks.
             const lang = (await add({ catalogue: 'slow', lang: 'eo' }, 'slow')).shadowRoot.querySelector('.page');
             same(lang.getAttribute('lang'), 'en', 'language');
             const runs = await add({ catalogue: 'small', autorun: 'true' }, 'small');
             await until(() => runs.state === 'done', 'autorun');")
        .await;
}

async fn element_properties_and_run(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let own = catalogue("own", &SMALL[..2]);
    let script = format!(
        "const states = [element.state];
         const promise = element.run();
         const twice = element.run();
         await until(() => element.state === 'running', 'running');
         states.push(element.state);
         same(element.report, null, 'report while running');
         const report = await promise;
         states.push(element.state);
         same(states, ['idle', 'running', 'done'], 'states');
         assert(report === element.report && report === await twice, 'one report for everyone');
         same([report.format, report.catalogue.id], ['connector-check/report@1', 'small'], 'report');
         const status = Object.fromEntries(report.checks.map(check => [check.id, check.status]));
         // A page that stood still does not blame the network; its observations say so.
         const stood = report.checks.some(check => check.observations.some(seen => seen.detail === 'clock-gap'));
         const expected = stood && status['region-3-8002'] === 'undecided' ? 'undecided' : 'unreachable';
         same([status['region-2-8001'], status['region-3-8002']], ['reachable', expected], 'statuses');
         same(Object.getPrototypeOf(Object.getPrototypeOf(report)), null, 'a plain object');

         // As text: an id. As an object: a catalogue.
         element.catalogue = 'slow';
         await until(() => element.catalogue === 'slow', 'a catalogue by id');
         same([element.state, element.report], ['idle', null], 'another catalogue, another story');
         element.catalogue = {own};
         await until(() => element.catalogue === 'own', 'a catalogue by object');
         same((await element.run()).checks.filter(check => !check.id.startsWith('canary')).length, 2, 'its checks');

         // Set before the element is in a document, and before its class is known.
         const early = document.createElement('connector-check');
         early.catalogue = 'slow';
         document.body.append(early);
         await until(() => early.catalogue === 'slow' && early.shadowRoot?.querySelector('.cell'), 'a catalogue by id, early');"
    );
    stage.js(&script).await;
    let early = format!(
        "const early = document.createElement('connector-check');
         early.catalogue = {own};
         document.body.append(early);
         await until(() => early.shadowRoot?.querySelector('.cell'), 'it is ready');
         await pause(100);
         same(early.catalogue, 'own', 'a catalogue by object, early');"
    );
    stage.js(&early).await;
}

async fn element_stop(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js("element.stop();
             same(element.state, 'idle', 'nothing to stop');
             element.catalogue = 'slow';
             await until(() => element.catalogue === 'slow', 'slow');
             const promise = element.run();
             await until(() => shadow().querySelectorAll('.cell.running').length >= 3, 'probes under way');
             const begun = performance.now();
             element.stop();
             const report = await promise;
             assert(performance.now() - begun < 1000, 'stopped at once');
             same(element.state, 'stopped', 'state');
             assert(report === element.report, 'the report is kept');
             const silent = ['region-2-8012', 'region-3-8011', 'region-3-8012'];
             const status = report.checks.filter(check => silent.includes(check.id)).map(check => check.status);
             same(status, ['skipped', 'skipped', 'skipped'], 'what was not seen');
             assert(report.verdict !== 'ready', report.verdict);
             assert(report.findings.some(finding => finding.code === 'run-incomplete'), 'run-incomplete');
             element.stop();
             same(element.state, 'stopped', 'nothing more to stop');

             // And again.
             element.catalogue = 'small';
             await until(() => element.catalogue === 'small', 'small');
             await element.run();
             same(element.state, 'done', 'state');")
        .await;
}

async fn element_events(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js("// A page that keeps the element in a shadow root of its own hears of it all the same.
             const around = document.createElement('div');
             around.attachShadow({ mode: 'open' }).append(element);
             document.body.append(around);
             await until(() => shadow()?.querySelector('.cell'), 'it is shown');
             const heard = [];
             for (const name of ['progress', 'report', 'error']) {
                 document.addEventListener(`connector-check:${name}`, event => heard.push(event));
             }
             const report = await element.run();
             await until(() => !element.dataset.closer, 'closer looks are over');
             await pause(50);
             const progress = heard.filter(event => event.type === 'connector-check:progress').map(event => event.detail);
             const total = progress[0].total;
             assert(total > 4, 'canaries count, too');
             same(progress[0], { done: 0, total }, 'the first');
             same(progress.at(-1), { done: total, total }, 'the last');
             assert(progress.every((now, at) => now.total === total && (at === 0 || now.done > progress[at - 1].done)), JSON.stringify(progress));
             const reports = heard.filter(event => event.type === 'connector-check:report');
             // The quick verdict, and the refined one after closer looks at what failed.
             same(reports.length, 2, 'reports');
             same(reports[0].detail, report, 'the report');
             same(reports[1].detail, element.report, 'the refined report');
             element.catalogue = 'nowhere';
             await pause(50);
             const errors = heard.filter(event => event.type === 'connector-check:error');
             same(errors.length, 1, 'errors');
             assert(errors[0].detail.message.includes('nowhere'), errors[0].detail.message);
             for (const event of heard) same([event.bubbles, event.composed, event.target === around], [true, true, true], event.type);")
        .await;
}

async fn element_refuses_a_bad_catalogue(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    stage
        .js("const report = element.report;
             const errors = [];
             addEventListener('connector-check:error', event => errors.push(event.detail.message));
             for (const bad of [{}, null, undefined, 7, [], { format: 'connector-check/catalogue@1' }, () => 1]) {
                 const error = next('connector-check:error');
                 element.catalogue = bad;
                 assert((await error).detail.message.length > 20, String(bad));
                 same([element.catalogue, element.state], ['small', 'done'], 'kept');
                 assert(element.report === report, 'the report is kept');
             }
             same(errors.length, 7, 'errors');
             assert(alertText(), 'it is said on the page');")
        .await;
}

async fn element_moves(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js("const elsewhere = document.body.appendChild(document.createElement('main'));
             await element.run();
             await until(() => !element.dataset.closer, 'closer looks are over');
             const report = element.report;
             shadow().querySelector('.cell').click();
             await until(() => shadow().querySelector('.details'), 'details');
             elsewhere.append(element);
             await pause(200);
             assert(element.report === report && element.state === 'done', 'done, elsewhere');
             assert(shadow().querySelector('.details'), 'what was open stays open');

             element.catalogue = 'slow';
             await until(() => element.catalogue === 'slow', 'slow');
             const running = element.run();
             await until(() => shadow().querySelectorAll('.cell.running').length >= 3, 'probes under way');
             document.body.prepend(element);
             await pause(200);
             same(element.state, 'running', 'moved while running');
             element.stop();
             same((await running).catalogue.id, 'slow', 'its report');")
        .await;
}

async fn element_removed_while_running(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js("const problems = [];
             addEventListener('error', event => problems.push(event.message));
             addEventListener('unhandledrejection', event => problems.push(String(event.reason)));
             element.catalogue = 'slow';
             await until(() => element.catalogue === 'slow', 'slow');
             const promise = element.run().then(() => 'a report', error => String(error));
             await until(() => shadow().querySelectorAll('.cell.running').length >= 3, 'probes under way');
             let heard = 0;
             for (const name of ['progress', 'report', 'error']) element.addEventListener(`connector-check:${name}`, () => heard++);
             element.remove();
             assert((await promise).includes('removed'), 'run() says why it has no report');
             // Longer than the deadline of a probe.
             await pause(10_000);
             same([heard, problems], [0, []], 'after it was removed');
             same([element.state, element.report], ['idle', null], 'what is left');
             assert(await element.run().then(() => false, () => true), 'it cannot run outside a document');

             document.body.append(element);
             await until(() => shadow()?.querySelector('.cell'), 'it is there again');
             same((await element.run()).catalogue.id, 'small', 'and works');
             same(problems, [], 'errors');")
        .await;
    assert_eq!(stage.accepted(&SLOW[..1]), 1, "a removed element asks nothing more");
}

async fn element_mounted_a_hundred_times(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js("const problems = [];
             addEventListener('error', event => problems.push(event.message));
             addEventListener('unhandledrejection', event => problems.push(String(event.reason)));
             for (let at = 0; at < 100; at++) {
                 const other = document.createElement('connector-check');
                 if (at % 3) other.setAttribute('autorun', 'true');
                 document.body.append(other);
                 // Some go before they are ready, some idle, some in the middle of their run.
                 if (at % 2) await until(() => other.shadowRoot?.querySelector('.cell'), `number ${at}`);
                 if (at % 5 === 0) other.run().catch(() => {});
                 other.remove();
                 await pause(0);
                 same(other.shadowRoot.childElementCount, 0, `number ${at} is taken down`);
             }
             await pause(500);
             same(problems, [], 'errors');
             same((await element.run()).verdict, 'blocked', 'the one that stayed');")
        .await;
}

/// A caller that waits for `run()` is not left waiting, whatever becomes of the run.
async fn run_ends_for_its_caller_whatever_happens(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let offered = catalogue("offered", &SMALL);
    let script = format!(
        "const ended = (promise) => Promise.race([promise.then(() => 'a report', () => 'an error'), pause(3000).then(() => 'nothing')]);
         element.catalogue = 'slow';
         await until(() => element.catalogue === 'slow', 'slow');
         const promise = element.run();
         await until(() => element.state === 'running', 'running');
         element.catalogue = 'small';
         const changed = await ended(promise);
         location.hash = 'catalogue=' + btoa(JSON.stringify({offered})).replaceAll('+', '-').replaceAll('/', '_');
         await until(() => shadow().querySelector('.consent'), 'a question');
         const asked = await ended(element.run());
         same([changed, asked], ['an error', 'an error'], 'after another catalogue, during a question');"
    );
    stage.js(&script).await;
}

/// Whoever sets a catalogue and runs at once gets that catalogue's report, and its hosts alone are asked.
async fn run_of_what_was_just_set(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let own = catalogue("own", &SMALL[2..]);
    let script = format!(
        "element.catalogue = 'slow';
         element.run().catch(() => {{}});
         await until(() => element.state === 'running', 'running');
         element.catalogue = 'small';
         const report = await element.run();
         same(report.catalogue.id, 'small', 'set and run during a run of another');
         element.remove();

         const early = document.createElement('connector-check');
         early.setAttribute('autorun', 'true');
         early.catalogue = {own};
         const reported = next('connector-check:report');
         document.body.append(early);
         same((await reported).detail.catalogue.id, 'own', 'set before the element is in the document, run by itself');"
    );
    stage.js(&script).await;
    let before: usize = stage.accepted(&SMALL[..2]);
    assert!(before <= 2, "the default list was asked, too: {before} connections");
}
