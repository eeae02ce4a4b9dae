//! `bench`: the page against its yardsticks.

use std::fs;

use anyhow::{Context, Result};

use crate::bundle::{brotli, gzip};
use crate::workspace::Workspace;
use crate::{bundle, page, setup, test};

/// A button and a counter in Yew, built in the same way: what no page of this kind comes below. Bytes, measured in
/// November 2026.
const FLOOR: [(&str, usize); 2] = [("program", 118_000), ("program, Brotli", 43_500)];

/// Builds the page and writes its sizes, each also as a ratio where there is a yardstick; and on Linux how long it takes in
/// real browsers, as ratios.
pub fn run(workspace: &Workspace) -> Result<()> {
    let tools = setup::for_page(workspace)?;
    let page = page::build(workspace, &tools)?;
    let read = |ending: &str| {
        let file = page.folder.join(format!("{}{ending}", page::PACKAGE));
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let (program, glue) = (read("_bg.wasm")?, read(".js")?);
    let sizes = [
        ("program", program.len()),
        ("program, gzip", gzip(&program)?.len()),
        ("program, Brotli", brotli(&program)?.len()),
        ("glue", glue.len()),
        ("glue, gzip", gzip(&glue)?.len()),
        ("glue, Brotli", brotli(&glue)?.len()),
    ];
    println!("{:<20} {:>12} {:>18}", "size of the page", "bytes", "times the floor");
    for (name, size) in sizes {
        let floor = FLOOR.iter().find(|(of, _)| *of == name);
        println!(
            "{name:<20} {size:>12} {:>18}",
            floor.map_or_else(String::new, |(_, floor)| ratio(size, *floor))
        );
    }
    if cfg!(target_os = "linux") {
        let tools = setup::for_tests(workspace)?;
        bundle::write(workspace, &page, &bundle::Baked::default())?;
        test::bench(workspace, &tools)?;
    }
    Ok(())
}

/// With two decimals, in whole numbers throughout.
fn ratio(size: usize, floor: usize) -> String {
    let hundredths = (size * 100 + floor / 2) / floor;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_rounded() {
        assert_eq!(ratio(118_000, 118_000), "1.00");
        assert_eq!(ratio(250, 100), "2.50");
        assert_eq!(ratio(2, 3), "0.67");
    }
}
