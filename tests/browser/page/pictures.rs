//! Pictures of the page as it is. Where `CONNECTOR_CHECK_SCREENSHOTS` names a folder, they are written there.

use std::path::PathBuf;
use std::{env, fs};

use super::Stage;
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(pictures);

async fn pictures(mut lab: Lab, kind: Kind) {
    let stage = Stage::practice(&mut lab, kind).await;
    // Both browsers are tested, and one of them is the picture.
    let folder = (kind == Kind::Chromium).then(|| env::var_os("CONNECTOR_CHECK_SCREENSHOTS")).flatten();
    let folder = folder.map(PathBuf::from);
    for catalogue in ["practice", "entra"] {
        if catalogue == "entra" {
            stage.js("element.catalogue = 'entra-connector'; await pause(50); await element.run()").await;
        }
        for (width, height) in [(1024, 768), (400, 800)] {
            stage.browser.viewport(width, height).await;
            for theme in ["light", "dark"] {
                let name = format!("{catalogue}-{width}-{theme}");
                stage
                    .js(&format!(
                        "element.setAttribute('theme', '{theme}'); scrollTo(0, 0); await pause(100)"
                    ))
                    .await;
                let picture = stage.browser.screenshot(&name).await;
                if let Some(folder) = &folder {
                    fs::create_dir_all(folder)
                        .and_then(|()| fs::copy(&picture, folder.join(format!("{name}.png"))))
                        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
                }
            }
        }
    }
}
