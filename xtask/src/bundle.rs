//! `bundle`: what is handed to others.
//!
//! `dist/site/` is Trunk's output, to be put on any web server; `dist/connector-check.html` is the same page as one
//! file that asks for nothing; `dist/SHA256SUMS` lists both. The same source gives the same bytes.

mod html;
mod script;
mod single_file;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::page::{PACKAGE, Page};
use crate::workspace::Workspace;
use crate::{page, process, setup};

/// The element in which the page looks for a catalogue of its publisher.
const CATALOGUE_ELEMENT: &str = "connector-check-catalogue";

/// Builds the page and writes the bundle, with the catalogue file built in where one is given.
pub fn run(workspace: &Workspace, catalogue: Option<&Path>) -> Result<()> {
    // Refused before minutes of building.
    let catalogue = catalogue.map(|file| read_catalogue(workspace, file)).transpose()?;
    let tools = setup::for_page(workspace)?;
    let page = page::build(workspace, &tools)?;
    write(workspace, &page, catalogue.as_deref())
}

/// Writes the bundle from a page that was built; `catalogue` is the JSON of one that was checked.
pub fn write(workspace: &Workspace, page: &Page, catalogue: Option<&str>) -> Result<()> {
    let dist = &workspace.dist;
    if dist.exists() {
        fs::remove_dir_all(dist).with_context(|| format!("cannot remove {}", dist.display()))?;
    }
    let element = catalogue.map(catalogue_element);
    let with_catalogue = |text: String| match &element {
        Some(element) => html::insert_at_end_of_head(&text, element),
        None => Ok(text),
    };

    let site = dist.join("site");
    copy_folder(&page.folder, &site)?;
    let index = site.join("index.html");
    write_file(&index, &with_catalogue(read(&index)?)?)?;

    let source = workspace.root.join("index.html");
    let text = with_catalogue(read(&source)?).with_context(|| source.display().to_string())?;
    let single = single_file::assemble(&text, &workspace.root, &page.folder, PACKAGE)?;
    let file = dist.join(format!("{PACKAGE}.html"));
    write_file(&file, &single)?;

    write_file(&dist.join("SHA256SUMS"), &checksums(dist)?)?;
    println!("{}/  to put on a web server", workspace.display(&site));
    println!("{}  one file of {} KB, opens by itself", workspace.display(&file), single.len().div_ceil(1000));
    Ok(())
}

/// The catalogue in `file` in one line of JSON, as it is after the page's own checks.
fn read_catalogue(workspace: &Workspace, file: &Path) -> Result<String> {
    let file = std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))?;
    let mut reader = process::cargo(workspace);
    reader.args(["run", "--quiet", "--package", "xtask", "--example", "read_catalogue", "--"]).arg(&file);
    process::output(&mut reader).context("the catalogue was refused for the reason above; nothing was built")
}

fn catalogue_element(json: &str) -> String {
    // No catalogue can end the element: in JSON, `<` occurs in strings only.
    let json = json.trim().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{CATALOGUE_ELEMENT}\">{json}</script>\n")
}

/// One line per file below `folder`, as `sha256sum --check` reads it.
fn checksums(folder: &Path) -> Result<String> {
    let mut lines = Vec::new();
    for file in files_below(folder)? {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let parts: Vec<_> = file.strip_prefix(folder)?.iter().map(|part| part.to_string_lossy()).collect();
        lines.push((parts.join("/"), format!("{:x}", Sha256::digest(&bytes))));
    }
    lines.sort();
    let mut list = String::new();
    for (name, sum) in lines {
        writeln!(list, "{sum}  {name}").expect("a String takes everything");
    }
    Ok(list)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        let target = to.join(file.strip_prefix(from)?);
        let parent = target.parent().context("a file lies in a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::copy(&file, &target)
            .with_context(|| format!("cannot copy {} to {}", file.display(), target.display()))?;
    }
    Ok(())
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn write_file(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use connector_check_diagnosis::catalogue::Catalogue;

    use super::*;

    const CATALOGUE: &str = r#"{
        "format": "connector-check/catalogue@1", "id": "own", "title": "</script><script>alert(1)//",
        "updated": "2026-11-20", "sources": [], "regions": [],
        "checks": [{"id": "a", "group": "login", "title": "A", "url": "https://a.example/", "need": "required",
                    "expect": "answer", "purpose": "A", "allow": "a.example", "responder": false}]
    }"#;

    #[test]
    fn a_catalogue_cannot_break_out_of_its_element_and_reads_back_the_same() {
        let catalogue = Catalogue::parse(CATALOGUE).expect("a valid catalogue");
        let element = catalogue_element(CATALOGUE);
        assert_eq!(element.matches("</script").count(), 1);
        let json = element
            .split_once('>')
            .and_then(|(_, rest)| rest.strip_suffix("</script>\n"))
            .expect("one element");
        assert_eq!(Catalogue::parse(json).expect("it reads back"), catalogue);
    }
}
