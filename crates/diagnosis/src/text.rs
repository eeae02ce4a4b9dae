//! Sentences for readers: message ids with arguments here, words in `locales/`.

use fluent_bundle::{FluentArgs, FluentBundle, FluentError, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The languages that the product speaks; the first is the one everything falls back to.
pub const LANGUAGES: &[(&str, &[&str])] = &[(
    "en",
    &[
        include_str!("../../../locales/en/findings.ftl"),
        include_str!("../../../locales/en/page.ftl"),
        include_str!("../../../locales/en/capture.ftl"),
        include_str!("../../../locales/en/answers.ftl"),
        include_str!("../../../locales/en/capture-guide.ftl"),
        include_str!("../../../locales/en/config.ftl"),
        include_str!("../../../locales/en/handover.ftl"),
        include_str!("../../../locales/en/host.ftl"),
        include_str!("../../../locales/en/tls.ftl"),
        include_str!("../../../locales/en/site.ftl"),
    ],
)];

/// A sentence without its words: which message, with what filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Id in the message files.
    pub id: String,
    /// Arguments by name.
    pub args: Vec<(&'static str, Arg)>,
}

/// Something to be filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// Text as it is.
    Text(String),
    /// A number; decides singular and plural.
    Number(f64),
    /// Another message.
    Message(Box<Message>),
}

impl Message {
    /// A message without arguments.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), args: Vec::new() }
    }

    /// With a text filled in.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.args.push((name, Arg::Text(value.into())));
        self
    }

    /// With a count filled in.
    #[must_use]
    pub fn count(mut self, name: &'static str, value: usize) -> Self {
        // Counts here are of checks: far below where f64 loses units.
        #[allow(clippy::cast_precision_loss)]
        self.args.push((name, Arg::Number(value as f64)));
        self
    }

    /// With a number filled in.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: f64) -> Self {
        self.args.push((name, Arg::Number(value)));
        self
    }

    /// With another message filled in.
    #[must_use]
    pub fn message(mut self, name: &'static str, value: Self) -> Self {
        self.args.push((name, Arg::Message(Box::new(value))));
        self
    }
}

/// The words of one language.
pub struct Texts {
    language: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// The words of the language that fits a tag such as `en-GB` best; English where none does.
    pub fn for_language(tag: &str) -> Self {
        let wanted = tag.split(['-', '_']).next().unwrap_or_default();
        let (language, sources) = LANGUAGES
            .iter()
            .find(|(language, _)| language.eq_ignore_ascii_case(wanted))
            .unwrap_or(&LANGUAGES[0]);
        let id: LanguageIdentifier = language.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![id]);
        // Isolation marks would end up in copied commands.
        bundle.set_use_isolating(false);
        for source in *sources {
            // A syntax error keeps what could be read; a test makes sure that there is none.
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// The language's tag.
    pub const fn language(&self) -> &'static str {
        self.language
    }

    /// The words of a message. A missing one shows its id, so that it is seen and reported.
    pub fn say(&self, message: &Message) -> String {
        self.try_say(message).unwrap_or_else(|_| message.id.clone())
    }

    /// The words of a message without arguments.
    pub fn get(&self, id: &str) -> String {
        self.say(&Message::new(id))
    }

    fn try_say(&self, message: &Message) -> Result<String, Vec<FluentError>> {
        let pattern =
            self.bundle.get_message(&message.id).and_then(|found| found.value()).ok_or_else(Vec::new)?;
        let mut args = FluentArgs::new();
        for (name, value) in &message.args {
            let value = match value {
                Arg::Text(text) => FluentValue::from(text.clone()),
                Arg::Number(number) => FluentValue::from(*number),
                Arg::Message(inner) => FluentValue::from(self.say(inner)),
            };
            args.set(*name, value);
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if errors.is_empty() { Ok(text) } else { Err(errors) }
    }

    /// Whether a message exists and all it needs is filled in; for tests.
    pub fn is_complete(&self, message: &Message) -> bool {
        self.try_say(message).is_ok()
            && message.args.iter().all(|(_, arg)| match arg {
                Arg::Message(inner) => self.is_complete(inner),
                Arg::Text(_) | Arg::Number(_) => true,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_file_is_well_formed() {
        for (language, sources) in LANGUAGES {
            for source in *sources {
                if let Err((_, errors)) = FluentResource::try_new((*source).to_owned()) {
                    panic!("{language}: {errors:?}");
                }
            }
        }
    }

    #[test]
    fn a_missing_message_shows_its_id_and_an_unknown_language_speaks_english() {
        let texts = Texts::for_language("xx-YY");
        assert_eq!(texts.language(), "en");
        assert_eq!(texts.get("no-such-message"), "no-such-message");
        assert!(!texts.is_complete(&Message::new("finding-slow-path")), "its arguments are missing");
    }
}
