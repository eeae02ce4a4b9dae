//! `bundle`: what is handed to others.
//!
//! `dist/site/` is to be put on any web server, with ready settings for some of them in `dist/hosting/`;
//! `dist/connector-check.html` is the same page as one file that asks for nothing; `dist/embed/` is the custom element
//! for other people's pages; `dist/SHA256SUMS` lists all of it. The same source gives the same bytes.

mod compress;
mod embed;
mod hosting;
mod html;
mod program;
mod script;
mod shell;
mod single_file;
mod site;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::page::{PACKAGE, Page};
use crate::workspace::Workspace;
use crate::{page, process, setup};
pub use compress::{brotli, gzip};
use program::Program;
use shell::Shell;

/// The element in which the page looks for a catalogue of its publisher.
const CATALOGUE_ELEMENT: &str = "connector-check-catalogue";

/// The element in which the page looks for its publisher's site file.
const SITE_ELEMENT: &str = "connector-check-site";

/// The files to bake in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// A catalogue that becomes the default.
    pub catalogue: Option<PathBuf>,
    /// A site file.
    pub site: Option<PathBuf>,
    /// A picture for the site file.
    pub logo: Option<PathBuf>,
}

/// What is baked in, after the page's own checks.
#[derive(Debug, Default)]
pub struct Baked {
    elements: String,
    connect: Option<Vec<String>>,
    ancestors: Vec<String>,
}

/// Builds the page and writes the bundle.
pub fn run(workspace: &Workspace, inputs: &Inputs) -> Result<()> {
    // Refused before minutes of building.
    let baked = bake(workspace, inputs)?;
    let tools = setup::for_page(workspace)?;
    let page = page::build(workspace, &tools)?;
    write(workspace, &page, &baked)
}

/// Writes the bundle from a page that was built.
pub fn write(workspace: &Workspace, page: &Page, baked: &Baked) -> Result<()> {
    write_to(workspace, page, baked, &workspace.dist)
}

/// Where [`write_sample`] writes.
pub fn sample_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bundle-sample")
}

/// Writes the bundle of the documents' sample organisation, twice: the same input must give the same bytes.
pub fn write_sample(workspace: &Workspace, page: &Page) -> Result<()> {
    let sample = |name: &str| Some(workspace.root.join("docs/samples").join(name));
    let inputs = Inputs {
        catalogue: sample("catalogue.json"),
        site: sample("connector-check.site.json"),
        logo: sample("logo.svg"),
    };
    let folder = sample_folder(workspace);
    let sums = || -> Result<String> {
        write_to(workspace, page, &bake(workspace, &inputs)?, &folder)?;
        read(&folder.join("SHA256SUMS"))
    };
    let first = sums()?;
    ensure!(first == sums()?, "the same page and the same files gave other bytes the second time");
    Ok(())
}

/// Writes the bundle to this folder, and replaces what is there.
fn write_to(workspace: &Workspace, page: &Page, baked: &Baked, dist: &Path) -> Result<()> {
    if dist.exists() {
        fs::remove_dir_all(dist).with_context(|| format!("cannot remove {}", dist.display()))?;
    }
    let index = workspace.root.join("index.html");
    let shell = Shell::read(&read(&index)?, &workspace.root)?;
    let program = Program::read(&page.folder, PACKAGE)?;

    let policy = hosting::policy(baked.connect.as_deref(), &baked.ancestors)?;
    let site = dist.join("site");
    site::write(&site, &shell, &program, &baked.elements, &policy)?;
    hosting::write(&dist.join("hosting"), &policy)?;

    let single = html::insert_at_end_of_head(&single_file::assemble(&shell, &program)?, &baked.elements)?;
    let file = dist.join(format!("{PACKAGE}.html"));
    write_file(&file, &single)?;

    let embed = dist.join("embed");
    embed::write(&embed, &program, &workspace.root)?;

    write_file(&dist.join("SHA256SUMS"), &checksums(dist)?)?;
    println!("{}/  to put on a web server; settings for some in hosting/", workspace.display(&site));
    println!("{}  one file of {} KB, opens by itself", workspace.display(&file), single.len().div_ceil(1000));
    println!("{}/  the element for other pages, as an npm package", workspace.display(&embed));
    if baked.connect.is_none() && !baked.elements.is_empty() {
        println!("The policy allows any host: what is baked in leaves hosts open that are typed later.");
    }
    Ok(())
}

/// Reads what is to be baked in as strictly as the page does.
pub fn bake(workspace: &Workspace, inputs: &Inputs) -> Result<Baked> {
    let mut reader = process::cargo(workspace);
    reader.args(["run", "--quiet", "--package", "xtask", "--example", "read_baked", "--"]);
    let mut given = false;
    for (name, file) in
        [("--catalogue", &inputs.catalogue), ("--site", &inputs.site), ("--logo", &inputs.logo)]
    {
        let Some(file) = file else { continue };
        given = true;
        let file = std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))?;
        reader.arg(name).arg(file);
    }
    if !given {
        return Ok(Baked::default());
    }
    let text =
        process::output(&mut reader).context("a file was refused for the reason above; nothing was built")?;
    Baked::read(&text)
}

impl Baked {
    /// Reads what the example `read_baked` wrote.
    fn read(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("read_baked wrote no JSON")?;
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let mut elements = String::new();
        for (key, id) in [("catalogue", CATALOGUE_ELEMENT), ("site", SITE_ELEMENT)] {
            if !value[key].is_null() {
                elements += &data_element(id, &value[key]);
            }
        }
        let ancestors = texts(&value["site"]["embed-origins"]).unwrap_or_default();
        Ok(Self { elements, connect: texts(&value["connect"]), ancestors })
    }
}

fn data_element(id: &str, value: &Value) -> String {
    // No text can end the element: in JSON, `<` occurs in strings only.
    let json = value.to_string().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
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
        let text = format!(r#"{{"catalogue":{CATALOGUE},"site":null,"connect":["https://a.example"]}}"#);
        let baked = Baked::read(&text).expect("the form that read_baked writes");
        assert_eq!(baked.elements.matches("</script").count(), 1);
        let json = baked
            .elements
            .split_once('>')
            .and_then(|(_, rest)| rest.strip_suffix("</script>\n"))
            .expect("one element");
        assert_eq!(Catalogue::parse(json).expect("it reads back"), catalogue);
        assert_eq!(baked.connect, Some(vec!["https://a.example".to_owned()]));
    }
}
