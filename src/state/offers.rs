//! Catalogues and what goes with them: from the organisation, and one at a time.

use connector_check_diagnosis::catalogue::{Catalogue, Placeholder};
use connector_check_diagnosis::plan::Fill;
use connector_check_diagnosis::site::Site;
use connector_check_diagnosis::text::Texts;

use super::{Effect, Message, State};

impl State {
    /// Takes in what the organisation adds.
    pub(super) fn settle(&mut self, mut site: Site) -> Vec<Effect> {
        let own = std::mem::take(&mut site.catalogues);
        if site.only_own {
            self.catalogues.clear();
        }
        for catalogue in own.into_iter().rev() {
            self.catalogues.retain(|known| known.id != catalogue.id);
            self.fills.insert(catalogue.id.clone(), defaults(&catalogue));
            self.catalogues.insert(0, catalogue);
        }
        for catalogue in &self.catalogues {
            for placeholder in &catalogue.placeholders {
                if let Some(value) = site.placeholders.get(&placeholder.id) {
                    let fill = self.fills.entry(catalogue.id.clone()).or_default();
                    fill.insert(placeholder.id.clone(), value.clone());
                }
            }
        }
        self.chosen = 0;
        let default = site.default.clone();
        self.texts = Texts::for_language(&site.language(&self.wish));
        self.site = site;
        default.map_or_else(Vec::new, |id| self.update(Message::Choose(id)))
    }

    /// Puts a catalogue in use; it replaces one of the same id, and nothing typed for that goes to its hosts.
    pub(super) fn offer(&mut self, catalogue: Catalogue, foreign: bool) {
        self.notice = None;
        self.fills.insert(catalogue.id.clone(), defaults(&catalogue));
        if foreign {
            self.foreign.insert(catalogue.id.clone());
        }
        match self.catalogues.iter().position(|known| known.id == catalogue.id) {
            Some(at) => {
                self.catalogues[at] = catalogue;
                self.chosen = at;
            }
            None => {
                self.catalogues.push(catalogue);
                self.chosen = self.catalogues.len() - 1;
            }
        }
    }
}

/// What the fields of a catalogue hold at first.
pub fn defaults(catalogue: &Catalogue) -> Fill {
    let filled = |placeholder: &Placeholder| Some((placeholder.id.clone(), placeholder.default.clone()?));
    catalogue.placeholders.iter().filter_map(filled).collect()
}
