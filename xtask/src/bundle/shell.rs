//! The repository's own index.html, and what each shipment puts in the places that Trunk would fill.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::html::{self, Tag};

/// What the page consists of, as it stands in the repository.
#[derive(Debug)]
pub struct Shell {
    page: String,
    style: Part,
    icon: Part,
    scripts: Vec<Part>,
    program: Range<usize>,
}

/// A file that the page names, and where it names it.
#[derive(Debug)]
pub struct Part {
    range: Range<usize>,
    /// `name` of `folder/name.ending`.
    pub name: String,
    /// What is in the file.
    pub text: String,
}

/// What stands in the places of the parts.
pub struct Filling<'a> {
    /// In place of the style sheet.
    pub style: String,
    /// In place of the icon.
    pub icon: String,
    /// In place of each script that runs before the program.
    pub script: &'a dyn Fn(&Part) -> String,
    /// In place of the program.
    pub program: String,
}

impl Shell {
    /// Reads the page; `root` is the folder that its addresses refer to. An element that is missing, stands twice or is
    /// not known here is an error: it would be missing from the shipments in silence.
    pub fn read(page: &str, root: &Path) -> Result<Self> {
        let (mut style, mut icon, mut program, mut scripts) = (None, None, None, Vec::new());
        for tag in html::tags(page) {
            if tag.attribute("data-trunk").is_none() {
                check_asks_for_nothing(&tag)?;
                continue;
            }
            let rel = tag.attribute("rel").unwrap_or_default().to_owned();
            let place = match (tag.name.as_str(), rel.as_str()) {
                ("link", "css") => &mut style,
                ("link", "icon") => &mut icon,
                ("link", "rust") => &mut program,
                ("link", "inline") => {
                    scripts.push(Part::read(tag, root)?);
                    continue;
                }
                (name, rel) => {
                    bail!("index.html: <{name} data-trunk rel=\"{rel}\"> has no counterpart in the bundle")
                }
            };
            if place.replace(tag).is_some() {
                bail!("index.html: <link data-trunk rel=\"{rel}\"> stands there more than once");
            }
        }
        let expect = |tag: Option<Tag>, rel: &str| {
            tag.with_context(|| format!("index.html: <link data-trunk rel=\"{rel}\"> is not there"))
        };
        Ok(Self {
            page: page.to_owned(),
            style: Part::read(expect(style, "css")?, root)?,
            icon: Part::read(expect(icon, "icon")?, root)?,
            scripts,
            program: expect(program, "rust")?.range,
        })
    }

    /// The style sheet of the page around the element.
    pub fn style(&self) -> Result<&str> {
        check_style_asks_for_nothing(&self.style.text)?;
        Ok(&self.style.text)
    }

    /// The icon, as SVG.
    pub fn icon(&self) -> &str {
        &self.icon.text
    }

    /// The scripts that run before the program, in order.
    pub fn scripts(&self) -> &[Part] {
        &self.scripts
    }

    /// The page with its places filled.
    pub fn filled(&self, filling: Filling<'_>) -> String {
        let mut replacements = vec![
            (self.style.range.clone(), filling.style),
            (self.icon.range.clone(), filling.icon),
            (self.program.clone(), filling.program),
        ];
        replacements.extend(self.scripts.iter().map(|part| (part.range.clone(), (filling.script)(part))));
        html::replace(&self.page, replacements)
    }
}

impl Part {
    fn read(link: Tag, root: &Path) -> Result<Self> {
        let href =
            link.attribute("href").with_context(|| format!("index.html: a <{}> has no href", link.name))?;
        let file = root.join(href);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { range: link.range, name, text })
    }
}

/// Refuses an element that makes the browser fetch something.
fn check_asks_for_nothing(tag: &Tag) -> Result<()> {
    let own = |address: &str| address.starts_with("data:") || address.starts_with('#');
    let fetched =
        ["src", "srcset", "poster", "data"].into_iter().chain((tag.name == "link").then_some("href"));
    for attribute in fetched {
        if let Some(address) = tag.attribute(attribute).filter(|address| !own(address)) {
            bail!(
                "index.html: <{} {attribute}=\"{address}\"> would be a request of the single file",
                tag.name
            );
        }
    }
    Ok(())
}

fn check_style_asks_for_nothing(css: &str) -> Result<()> {
    let lower = css.to_ascii_lowercase();
    let foreign = |(_, rest): (&str, &str)| {
        let address = rest.trim_start().trim_start_matches(['"', '\'']);
        !address.starts_with("data:") && !address.starts_with('#')
    };
    let addresses = lower.match_indices("url(").map(|(at, opening)| lower.split_at(at + opening.len()));
    if lower.contains("@import") || addresses.into_iter().any(foreign) {
        bail!(
            "the style sheet of index.html refers to another file, which would be a request of the single file"
        );
    }
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use std::env;
    use std::path::PathBuf;

    use super::*;

    pub const PAGE: &str = "<!doctype html><head>
<!-- <link data-trunk rel=\"css\" href=\"old.css\"> -->
<link data-trunk rel=\"inline\" href=\"first.js\">
<link data-trunk rel=\"rust\" data-wasm-opt=\"z\"/>
<link data-trunk rel='css' href='page.css'>
<link rel=icon data-trunk href=icon.svg>
</head><body>text</body>";

    /// A folder with everything that [`PAGE`] names.
    pub fn folder(test: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("connector-check-shell-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        for (name, text) in [
            ("page.css", "body { color: red } /* </style> */"),
            ("icon.svg", "<svg/>"),
            ("first.js", "first()"),
        ] {
            fs::write(folder.join(name), text).expect("the temporary folder is writable");
        }
        folder
    }

    fn shell(test: &str, page: &str) -> Result<Shell> {
        let folder = folder(test);
        let shell = Shell::read(page, &folder);
        fs::remove_dir_all(&folder).expect("the temporary folder is ours");
        shell
    }

    #[test]
    fn every_place_is_filled_once() {
        let filled = shell("filled", PAGE).expect("a complete page").filled(Filling {
            style: "STYLE".to_owned(),
            icon: "ICON".to_owned(),
            script: &|part| format!("{}: {}", part.name, part.text),
            program: "PROGRAM".to_owned(),
        });
        assert!(
            filled.ends_with("-->\nfirst: first()\nPROGRAM\nSTYLE\nICON\n</head><body>text</body>"),
            "{filled}"
        );
    }

    #[test]
    fn a_page_that_would_not_be_whole_is_refused() {
        let refused = |test: &str, page: &str| shell(test, page).expect_err(test).to_string();
        assert!(refused("missing", &PAGE.replace("rel=icon", "rel=css")).contains("more than once"));
        assert!(refused("no-icon", &PAGE.replace(" data-trunk href=icon.svg", "")).contains("is not there"));
        assert!(refused("other", &PAGE.replace("rel=icon", "rel=copy-file")).contains("copy-file"));
        assert!(refused("fetches", &PAGE.replace("text", "<img src=a.png>")).contains("a.png"));
    }

    #[test]
    fn a_style_sheet_that_fetches_is_refused() {
        assert!(check_style_asks_for_nothing("a { background: url( \"data:image/png;base64,\") }").is_ok());
        assert!(check_style_asks_for_nothing("a { background: url(x.png) }").is_err());
        assert!(check_style_asks_for_nothing("@import 'other.css';").is_err());
    }
}
