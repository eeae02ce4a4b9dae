//! The page as one file that asks for nothing, so that it opens from a USB stick.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::{Compression, GzBuilder};

use super::html::{self, Tag};
use super::script;

/// Replaces in `page`, the repository's own index.html, the three elements that Trunk replaces in its way.
///
/// `root` is the folder that the page's addresses refer to, `built` the folder of Trunk's output, `name` the name of
/// the package. An element that is missing, stands twice or is not known here is an error: it would be missing from
/// the file in silence.
pub fn assemble(page: &str, root: &Path, built: &Path, name: &str) -> Result<String> {
    let (mut style, mut icon, mut program) = (None, None, None);
    for tag in html::tags(page) {
        if tag.attribute("data-trunk").is_none() {
            check_asks_for_nothing(&tag)?;
            continue;
        }
        let rel = tag.attribute("rel").unwrap_or_default();
        let place = match (tag.name.as_str(), rel) {
            ("link", "css") => &mut style,
            ("link", "icon") => &mut icon,
            ("link", "rust") => &mut program,
            (name, rel) => {
                bail!("index.html: <{name} data-trunk rel=\"{rel}\"> has no counterpart in the single file")
            }
        };
        let rel = rel.to_owned();
        if place.replace(tag).is_some() {
            bail!("index.html: <link data-trunk rel=\"{rel}\"> stands there more than once");
        }
    }
    let expect = |tag: Option<Tag>, rel: &str| {
        tag.with_context(|| format!("index.html: <link data-trunk rel=\"{rel}\"> is not there"))
    };
    let (style, icon, program) = (expect(style, "css")?, expect(icon, "icon")?, expect(program, "rust")?);

    let style_text = style_element(&text_of(&style, root)?)?;
    let icon_text = icon_element(&text_of(&icon, root)?);
    let program_text = program_element(built, name)?;
    let replacements =
        vec![(style.range, style_text), (icon.range, icon_text), (program.range, program_text)];
    Ok(html::replace(page, replacements))
}

fn text_of(link: &Tag, root: &Path) -> Result<String> {
    let href =
        link.attribute("href").with_context(|| format!("index.html: a <{}> has no href", link.name))?;
    let file = root.join(href);
    fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
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

fn style_element(css: &str) -> Result<String> {
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
    Ok(format!("<style>\n{}</style>", css.replace("</", "<\\/")))
}

fn icon_element(svg: &str) -> String {
    format!("<link rel=\"icon\" href=\"data:image/svg+xml;base64,{}\">", BASE64.encode(svg))
}

fn program_element(built: &Path, name: &str) -> Result<String> {
    let read = |file: &str| {
        fs::read(built.join(file)).with_context(|| format!("cannot read {file} of the built page"))
    };
    let text = |file: &str| String::from_utf8(read(file)?).with_context(|| format!("{file} is not UTF-8"));
    let wasm = BASE64.encode(gzip(&read(&format!("{name}_bg.wasm"))?)?);
    let module = script::inline(&text(&format!("{name}.js"))?, text, &wasm)?;
    Ok(format!("<script type=\"module\">\n{}</script>", script::escape(&module)))
}

/// Compresses without a name or date, so that the same input gives the same bytes.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::path::PathBuf;

    use super::*;

    const PAGE: &str = "<!doctype html><head>
<!-- <link data-trunk rel=\"css\" href=\"old.css\"> -->
<link data-trunk rel=\"rust\" data-wasm-opt=\"z\"/>
<link data-trunk rel='css' href='page.css'>
<link rel=icon data-trunk href=icon.svg>
</head><body>text</body>";

    /// A folder with everything that [`PAGE`] names, source and build in one.
    fn folder(test: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("connector-check-single-{test}-{}", std::process::id()));
        fs::create_dir_all(folder.join("snippets")).expect("the temporary folder is writable");
        let files = [
            ("page.css", "body { color: red } /* </style> */"),
            ("icon.svg", "<svg/>"),
            (
                "app.js",
                "import { a } from './snippets/a.js';\na('</script>');\nexport { initSync, go as default };\n",
            ),
            ("app_bg.wasm", "wasm"),
            ("snippets/a.js", "export function a() {}"),
        ];
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("the temporary folder is writable");
        }
        folder
    }

    fn assembled(test: &str, page: &str) -> Result<String> {
        let folder = folder(test);
        let result = assemble(page, &folder, &folder, "app");
        fs::remove_dir_all(&folder).expect("the temporary folder is ours");
        result
    }

    #[test]
    fn everything_is_inlined_once_and_the_same_each_time() {
        let first = assembled("first", PAGE).expect("a complete page");
        let tags = html::tags(&first);
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["head", "script", "style", "link", "body"]);
        assert!(tags[3].attribute("href").is_some_and(|href| href.starts_with("data:image/svg+xml;base64,")));
        assert!(first.ends_with("</head><body>text</body>"));
        assert_eq!(first, assembled("second", PAGE).expect("a complete page"));
    }

    #[test]
    fn a_page_that_would_not_be_whole_is_refused() {
        let refused = |test: &str, page: &str| assembled(test, page).expect_err(test).to_string();
        assert!(refused("missing", &PAGE.replace("rel=icon", "rel=css")).contains("more than once"));
        assert!(refused("no-icon", &PAGE.replace(" data-trunk href=icon.svg", "")).contains("is not there"));
        assert!(refused("other", &PAGE.replace("rel=icon", "rel=copy-file")).contains("copy-file"));
        assert!(refused("fetches", &PAGE.replace("text", "<img src=a.png>")).contains("a.png"));
    }

    #[test]
    fn a_style_sheet_that_fetches_is_refused() {
        assert!(style_element("a { background: url( \"data:image/png;base64,\") }").is_ok());
        assert!(style_element("a { background: url(x.png) }").is_err());
        assert!(style_element("@import 'other.css';").is_err());
    }
}
