//! Network captures: chosen, read in a worker, shown and diagnosed.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Stage;
use crate::lab::{Kind, Lab, in_both_browsers, run_program};
use crate::product::dist;

in_both_browsers!(
    capture_is_read_when_it_is_chosen,
    capture_is_seen_on_a_compact_page,
    capture_is_read_by_the_single_file,
    capture_is_read_where_its_table_says,
    capture_of_ten_gigabytes_is_read_in_little_memory_and_can_be_left,
    event_trace_is_answered
);

/// A golden capture of the reader's own tests.
pub fn golden(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/capture/tests/golden").join(case).join("capture")
}

const SHOWN: &str = "
    await until(() => shadow()?.querySelector('.connections .connection') || shadow()?.querySelector('.capture-failed'), 'connections');
    assert(!shadow().querySelector('.capture-failed'), shadow().querySelector('.capture-failed')?.textContent);
    const cells = [...shadow().querySelector('.connection').cells].map(cell => cell.textContent);
    assert(cells[1].startsWith('203.0.113.3:443'), cells.join(' | '));
    same([cells[2], cells[3]], ['answered', '407'], 'the first connection: ' + cells.join(' | '));
    assert(shadow().querySelector('.findings').textContent.includes('wants a user name'), 'the finding');
    const rows = () => shadow().querySelectorAll('.connections .connection').length;
    same(rows(), 1, 'all');
    const opener = shadow().querySelector('.connection button');
    opener.click();
    await until(() => shadow().querySelector('.timeline')?.textContent.includes('asks for a connection'), 'the timeline');
    assert(shadow().querySelector('.timeline').textContent.includes('407 Negotiate, NTLM, Basic'), 'the answer');
    same(opener.getAttribute('aria-expanded'), 'true', 'it says that it is open');
    shadow().querySelector('.capture-preset-retransmitted').click();
    await until(() => rows() === 0, 'the preset for SYNs');
    shadow().querySelector('.capture-preset-connect').click();
    await until(() => rows() === 1, 'the preset for CONNECT');
    const filter = shadow().querySelector('.capture-filter');
    filter.value = 'nothing like it';
    filter.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
    await until(() => rows() === 0, 'the filter');";

async fn capture_is_read_when_it_is_chosen(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let loaded = "const loaded = () => performance.getEntriesByType('resource').map(entry => entry.name);";
    stage
        .js(&format!(
            "{loaded} assert(!loaded().some(name => name.includes('capture-worker')), 'loaded early');"
        ))
        .await;
    stage.choose(&golden("proxy-407")).await;
    stage.js(SHOWN).await;
    // The reader's own files, and nothing else beyond what was asked before.
    stage
        .js(&format!(
            "{loaded} const foreign = loaded().filter(name => !name.startsWith(location.origin) && !name.startsWith('http://127.0.0.') && !name.includes('.invalid') && !name.startsWith('data:'));
             same(foreign, [], 'requests to others');
             shadow().querySelector('.to-findings').click();
             assert(shadow().activeElement?.matches('.finding > summary'), 'the first finding has the focus');
             shadow().querySelector('.capture-actions .plain').click();
             await until(() => !shadow().querySelector('.connections'), 'put away');
             assert(!shadow().querySelector('.findings')?.textContent.includes('wants a user name'), 'the finding is gone');"
        ))
        .await;
}

/// There everything but the findings is folded away; what is read is not.
async fn capture_is_seen_on_a_compact_page(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    stage
        .js("element.setAttribute('compact', '');
             await until(() => shadow().querySelector('[part=evidence]'), 'the folded evidence');
             assert(!shadow().querySelector('[part=evidence]').open, 'it is closed');")
        .await;
    stage.choose(&golden("proxy-407")).await;
    stage.js(SHOWN).await;
    stage
        .js("assert(shadow().querySelector('[part=evidence]').open, 'it is open');
             assert(shadow().querySelector('.capture-filters').getBoundingClientRect().height > 0, 'what was read is seen');")
        .await;
}

async fn capture_is_read_by_the_single_file(mut lab: Lab, kind: Kind) {
    let stage = Stage::furnished(&mut lab, kind, |_| ()).await;
    let file = dist().join("connector-check.html");
    stage.browser.goto(&format!("file://{}", file.display())).await;
    stage.js("await until(() => shadow()?.querySelector('[type=file]'), 'a field');").await;
    stage.choose(&golden("proxy-407")).await;
    stage.js(&SHOWN.replace("assert(shadow().querySelector('.findings').textContent.includes('wants a user name'), 'the finding');", "")).await;
}

/// A file whose table of frames stands at its end: the reader asks for places, and not for what follows.
async fn capture_is_read_where_its_table_says(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let (golden, file) = (golden("proxy-407"), lab.dir.join("monitor.cap"));
    run_program(
        &["editcap", "-F", "netmon2", &golden.display().to_string(), &file.display().to_string()],
        "",
    );
    stage.choose(&file).await;
    stage.js(SHOWN).await;
}

async fn event_trace_is_answered(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let file = lab.dir.join("NetTrace.etl");
    fs::write(&file, [0; 300]).expect("the lab's folder is there");
    stage.choose(&file).await;
    stage
        .js("await until(() => shadow().querySelector('.capture-convert'), 'a command');
             const commands = [...shadow().querySelectorAll('.capture-convert code')].map(command => command.textContent);
             same(commands, ['etl2pcapng.exe \"NetTrace.etl\" \"NetTrace.etl.pcapng\"', 'pktmon etl2pcap \"NetTrace.etl\" --out \"NetTrace.etl.pcapng\"'], 'commands');")
        .await;
}

/// Gives the page a file of so many megabytes, which takes no room: a golden capture's packets, over and over. What its
/// reader says at the end is kept in `window.told`.
const LONG: &str = "
    const golden = Uint8Array.from(atob('GOLDEN'), (c) => c.charCodeAt(0));
    const times = Math.floor(8e6 / (golden.length - 24));
    const packets = new Uint8Array(times * (golden.length - 24));
    for (let n = 0; n < times; n++) packets.set(golden.subarray(24), n * (golden.length - 24));
    const block = new Blob([packets]);
    const open = (megabytes, name) => {
        const blocks = Array(Math.round(megabytes * 1e6 / block.size)).fill(block);
        const file = new File([golden.subarray(0, 24), ...blocks], name);
        const transfer = new DataTransfer();
        transfer.items.add(file);
        const field = shadow().querySelector('.capture-file');
        field.files = transfer.files;
        field.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
        return file.size;
    };
    const Original = Worker;
    window.Worker = class extends Original {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', ({ data }) => { if (data.result !== undefined) window.told = data; });
        }
    };
    const panel = () => shadow().querySelector('.panel.capture');
    const read = async (megabytes) => {
        window.told = undefined;
        open(megabytes, megabytes + '.pcap');
        await until(() => window.told && panel().querySelector('.capture-summary')?.textContent.includes(megabytes + '.pcap'), megabytes + ' MB');
        return window.told.memory;
    };";

async fn capture_of_ten_gigabytes_is_read_in_little_memory_and_can_be_left(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let golden = fs::read(golden("proxy-407")).expect("it comes along");
    let long = LONG.replace("GOLDEN", &BASE64.encode(golden));
    stage
        .js(&format!(
            "{long}
             const [little, much] = [await read(24), await read(160)];
             assert(much === little, little + ' bytes of memory, and for a longer file ' + much);
             assert(much < 128 * 1024 * 1024, much + ' bytes of memory');
             assert(open(10000, 'ten.pcap') > 9.9e9, 'ten gigabytes');
             await until(() => /ten.pcap: [1-9][0-9]* of 9\\d{{3}} MB, [1-9][0-9]* packets, [1-9][0-9]* MB\\/s, [1-9][0-9]* s left/.test(panel().querySelector('.capture-progress')?.textContent.replace(/[\\u2068\\u2069]/g, '')), 'rate and time left');
             panel().querySelector('.capture-progress button').click();
             await until(() => !panel().querySelector('.capture-progress'), 'it is left');
             assert(panel().querySelector('.capture-summary').textContent.includes('160.pcap'), 'what was read before stays');"
        ))
        .await;
}
