//! The Yew component that ties state, views and effects together.

use std::cell::RefCell;
use std::rc::Rc;

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError};
use connector_check_diagnosis::report::Environment;
use connector_check_diagnosis::text::Texts;
use futures_util::future::join;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, Window};
use yew::html::Scope;
use yew::prelude::*;

use crate::capture::{Heard, Reading};
use crate::connections::Preset;
use crate::element::{self, Outside};
use crate::environment::Surroundings;
use crate::frame::{self, Conversation};
use crate::intake::{self, Intake};
use crate::listener::Listener;
use crate::offer;
use crate::root::Line;
use crate::scan::{Batch, CloserLimits, Deadlines, Hanging, StopSignal, look_closer, read_responders, scan};
use crate::startup::{self, Startup};
use crate::state::{self, Effect, Origin, State};
use crate::view::{self, Shown, ShownCapture};

/// What the app is given.
#[derive(Properties, Clone)]
pub struct Props {
    /// The way to the page around the element.
    pub outside: Outside,
    /// The element's way to the app.
    pub line: Rc<RefCell<Line>>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.outside == other.outside && Rc::ptr_eq(&self.line, &other.line)
    }
}

/// What views, the element and the browser tell the app.
pub enum Msg {
    /// The surroundings are known.
    Ready(Box<Startup>),
    /// Start a run.
    Start {
        /// Only what was not reached.
        only_failed: bool,
    },
    /// Stop the run.
    Stop,
    /// Something for the state.
    State(state::Message),
    /// A catalogue that was being fetched is there, or will not come.
    Fetched(state::Message),
    /// An attribute of the element, or its property as text.
    Attribute(String, String),
    /// The `catalogue` property as JSON.
    CatalogueObject(String),
    /// A file was chosen or dropped.
    File(File),
    /// A file was chosen or dropped that is to be read as a capture.
    Capture(File),
    /// Show other connections of the capture.
    CapturePreset(Preset),
    /// Show the connections of the capture in which this is found.
    CaptureFilter(String),
    /// Open or close the timeline of a connection, by its number in the capture.
    CaptureConnection(Option<u64>),
    /// The page's link changed.
    LinkChanged,
    /// Open or close the details of a cell.
    Details(Option<String>),
    /// Copy a text; the key names the button.
    Copy {
        /// Which button.
        key: String,
        /// What to copy.
        text: String,
    },
    /// A copy came to an end.
    Copied(Option<String>),
    /// Hand the report out as a file.
    SaveReport,
    /// Hand these bytes out as a file of this name.
    Save(String, Vec<u8>),
    /// A file hovers over the page, or no longer.
    Dragging(bool),
}

/// The app.
pub struct App {
    outside: Outside,
    /// `None` until the surroundings are known.
    ready: Option<(State, Surroundings)>,
    /// What was said before that, in order.
    early: Vec<Msg>,
    /// Catalogues that are being fetched; a run waits for them.
    loading: usize,
    /// A run was asked for while a catalogue was on its way.
    run_when_loaded: bool,
    shown: Shown,
    /// The worker that reads a capture.
    reading: Option<Reading>,
    stop: StopSignal,
    /// What hangs when a run ends, on its way to the closer looks.
    hanging: Rc<RefCell<Hanging>>,
    /// With the page around, where there is one that is trusted.
    conversation: Option<Conversation>,
    /// Taken off when the app goes.
    _listeners: Vec<Listener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        ctx.props().line.borrow_mut().connect(ctx.link());
        let link = ctx.link().clone();
        let host = ctx.props().outside.host().clone();
        spawn_local(async move { link.send_message(Msg::Ready(Box::new(startup::look_around(host).await))) });
        let window: JsValue = js_sys::global().into();
        let online = ctx.link().callback(|online| Msg::State(state::Message::Online(online)));
        let offline = online.clone();
        let hash = ctx.link().callback(|()| Msg::LinkChanged);
        Self {
            outside: ctx.props().outside.clone(),
            ready: None,
            early: Vec::new(),
            loading: 0,
            run_when_loaded: false,
            shown: Shown::default(),
            reading: None,
            stop: StopSignal::default(),
            hanging: Rc::default(),
            conversation: None,
            _listeners: vec![
                Listener::new(&window, "online", move || online.emit(true)),
                Listener::new(&window, "offline", move || offline.emit(false)),
                Listener::new(&window, "hashchange", move || hash.emit(())),
            ],
        }
    }

    fn update(&mut self, ctx: &Context<Self>, message: Msg) -> bool {
        if self.ready.is_none() && !matches!(message, Msg::Ready(_)) {
            self.early.push(message);
            return false;
        }
        match message {
            Msg::Ready(startup) => self.begin(ctx, *startup),
            Msg::Fetched(message) => {
                self.loading -= 1;
                let taken = matches!(message, state::Message::Catalogue(_, Ok(_)));
                self.apply(ctx, message);
                if std::mem::take(&mut self.run_when_loaded) {
                    if taken {
                        ctx.link().send_message(Msg::Start { only_failed: false });
                    } else if let Some((state, _)) = &self.ready {
                        self.outside.begin();
                        self.outside.abandon(&state.texts.get("abandoned-not-loaded"));
                    }
                }
            }
            Msg::Start { .. } if self.loading > 0 => self.run_when_loaded = true,
            Msg::Start { only_failed } => {
                self.outside.begin();
                let nonce = random_label();
                self.apply(ctx, state::Message::Run { only_failed, nonce, now: now() });
            }
            Msg::Stop => self.apply(ctx, state::Message::Stop { now: now() }),
            Msg::State(message) => self.apply(ctx, message),
            Msg::Attribute(name, value) => self.attribute(ctx, &name, value),
            Msg::CatalogueObject(json) => {
                self.apply(ctx, state::Message::Catalogue(Origin::Property, Catalogue::parse(&json)));
            }
            Msg::File(file) => {
                self.shown.dragging = false;
                let link = ctx.link().clone();
                spawn_local(async move {
                    link.send_message(match intake::read(file).await {
                        Intake::Message(message) => Msg::State(*message),
                        Intake::Capture(file) => Msg::Capture(file),
                    });
                });
            }
            Msg::Capture(file) => self.read_capture(ctx, file),
            Msg::CapturePreset(preset) => self.shown.capture.preset = preset,
            Msg::CaptureFilter(text) => self.shown.capture.filter = text,
            Msg::CaptureConnection(number) => self.shown.capture.connection = number,
            Msg::LinkChanged => {
                let page = web_sys::window().filter(|_| frame::is_page(self.outside.host()));
                if let Some(catalogue) = page.as_ref().and_then(startup::link) {
                    self.apply(ctx, state::Message::Link(catalogue));
                }
            }
            Msg::Details(key) => self.shown.details = key,
            Msg::Copy { key, text } => {
                let link = ctx.link().clone();
                let outside = self.outside.clone();
                spawn_local(async move {
                    let copied = element::copy_text(&text, &outside).await;
                    link.send_message(Msg::Copied(copied.then_some(key)));
                });
                return false;
            }
            Msg::Copied(key) => self.shown.copied = key,
            Msg::SaveReport => {
                self.save_report();
                return false;
            }
            Msg::Save(name, bytes) => {
                element::save_bytes(&name, &bytes, &self.outside);
                return false;
            }
            Msg::Dragging(dragging) => {
                if self.shown.dragging == dragging {
                    return false;
                }
                self.shown.dragging = dragging;
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        match &self.ready {
            Some((state, _)) => view::page(state, &self.shown, ctx.link()),
            None => html! {},
        }
    }

    fn destroy(&mut self, _: &Context<Self>) {
        self.stop.stop();
    }
}

impl App {
    /// Takes in what the page brought along, and runs where it is meant to run by itself.
    fn begin(&mut self, ctx: &Context<Self>, startup: Startup) {
        let host = self.outside.host().clone();
        let page = web_sys::window().filter(|_| frame::is_page(&host));
        let wishes = page.as_ref().map(|window| frame::wishes(window, &host)).unwrap_or_default();
        let language = startup::attribute(&host, "lang").or_else(browser_language).unwrap_or_default();
        let environment = environment(&startup.surroundings);
        let online = startup.surroundings.online;
        let state = State::new(Texts::for_language(&language), environment, online, offer::built_in());
        let surroundings = startup.surroundings.clone();
        self.ready = Some((state, startup.surroundings));
        self.apply(ctx, state::Message::Language(language));
        let mut refused = matches!(startup.site, Some(Err(_)))
            || matches!(startup.baked_site, Some(Err(_)))
            || matches!(startup.baked, Some(Err(_)))
            || matches!(startup.link, Some(Err(_)));
        for site in [startup.baked_site, startup.site].into_iter().flatten() {
            self.apply(ctx, state::Message::Site(Box::new(site)));
        }
        let origins =
            self.ready.as_ref().map(|(state, _)| state.site.embed_origins.clone()).unwrap_or_default();
        if page.is_some() {
            let notes = frame::notes(&surroundings, wishes.embed.then_some(&origins));
            self.apply(ctx, state::Message::Frame(notes));
        }
        if let Some(baked) = startup.baked {
            self.apply(ctx, state::Message::Catalogue(Origin::Baked, baked));
        }
        if let Some(catalogue) = startup::attribute(&host, "catalogue") {
            self.attribute(ctx, "catalogue", catalogue);
        }
        if let (Some(window), Some(catalogue)) = (page, wishes.catalogue) {
            refused |= !self.wished(ctx, &window, catalogue);
        }
        if let Some(catalogue) = startup.link {
            self.apply(ctx, state::Message::Link(catalogue));
        }
        self.shown.compact = host.has_attribute("compact");
        let replayed = startup.scenario.is_some();
        if let Some(name) = startup.scenario {
            self.apply(ctx, state::Message::Scenario { name, now: now() });
        }
        self.reflect();
        if wishes.embed && surroundings.embedded && !origins.is_empty() {
            self.conversation = Some(Conversation::begin(&host, &origins));
        }
        for message in std::mem::take(&mut self.early) {
            ctx.link().send_message(message);
        }
        // What was meant to be tested was refused: another list must not be tested in its stead unasked.
        if startup::attribute(&host, "autorun").as_deref() == Some("true") && !refused && !replayed {
            ctx.link().send_message(Msg::Start { only_failed: false });
        }
    }

    /// Uses the catalogue that the page's address names; `false` where there is none of that id. One from another
    /// origin is asked for, like one in a link.
    fn wished(&mut self, ctx: &Context<Self>, window: &Window, catalogue: String) -> bool {
        if !is_address(&catalogue) || startup::is_own(window, &catalogue) {
            let id = (!is_address(&catalogue)).then(|| catalogue.clone());
            self.attribute(ctx, "catalogue", catalogue);
            let chosen = self.ready.as_ref().map(|(state, _)| &state.catalogue().id);
            return id.is_none() || id.as_ref() == chosen;
        }
        self.fetch(ctx, catalogue, |_, read| state::Message::Link(read));
        true
    }

    /// Fetches a catalogue; `into` says what becomes of it.
    fn fetch(
        &mut self,
        ctx: &Context<Self>,
        address: String,
        into: fn(Origin, Result<Catalogue, CatalogueError>) -> state::Message,
    ) {
        self.loading += 1;
        let link = ctx.link().clone();
        spawn_local(async move {
            let origin = Origin::Address(address.clone());
            link.send_message(Msg::Fetched(match startup::read_catalogue(&address).await {
                Ok(read) => into(origin, read),
                Err(message) => state::Message::CatalogueUnreadable(origin, message),
            }));
        });
    }

    /// Changes the state and carries out what it asks for.
    fn apply(&mut self, ctx: &Context<Self>, message: state::Message) {
        let Some((state, surroundings)) = &mut self.ready else { return };
        if matches!(message, state::Message::Run { .. } | state::Message::Choose(_)) {
            self.shown.details = None;
        }
        let scan_ended = matches!(message, state::Message::ScanEnded { .. });
        let effects = state.update(message);
        let surroundings = surroundings.clone();
        self.reflect();
        for effect in effects {
            match effect {
                Effect::Scan { run, plan } => {
                    self.stop = StopSignal::default();
                    self.hanging = Rc::default();
                    let hanging = Rc::clone(&self.hanging);
                    let (link, stop) = (ctx.link().clone(), self.stop.clone());
                    let surroundings = surroundings.clone();
                    spawn_local(async move {
                        let batch = batch(&link, run);
                        let on_event = |event| batch.tell(event);
                        let hangs = scan(plan, surroundings, Deadlines::default(), stop, on_event).await;
                        hanging.replace(hangs);
                        batch.flush();
                        link.send_message(Msg::State(state::Message::ScanEnded { run, now: now() }));
                    });
                }
                Effect::LookCloser { run, doubts, healthy, readable, webrtc } => {
                    let (link, stop, hanging) = (ctx.link().clone(), self.stop.clone(), self.hanging.take());
                    let surroundings = surroundings.clone();
                    spawn_local(async move {
                        let batch = batch(&link, run);
                        let on_event = |event| batch.tell(event);
                        let limits = CloserLimits { webrtc, ..CloserLimits::default() };
                        let readings = read_responders(readable, stop.clone(), &on_event);
                        let looks =
                            look_closer(doubts, healthy, hanging, &surroundings, limits, stop, &on_event);
                        join(readings, looks).await;
                        batch.flush();
                        link.send_message(Msg::State(state::Message::CloserEnded { run, now: now() }));
                    });
                }
                Effect::Abort => self.stop.stop(),
                Effect::StopReading => self.reading = None,
                Effect::Progress { done, total } => self.outside.progress(done, total),
                Effect::Report => {
                    if let Some(report) = self.ready.as_ref().and_then(|(state, _)| state.report.as_ref()) {
                        self.outside.report(report);
                    }
                }
                Effect::Abandon(why) => {
                    if let Some((state, _)) = &self.ready {
                        self.outside.abandon(&state.texts.say(&why));
                    }
                }
                Effect::Error(text) => {
                    if let Some((state, _)) = &self.ready {
                        self.outside.error(&state.texts.say(&text));
                    }
                }
            }
        }
        if scan_ended {
            // Nobody looks closer, so nobody waits.
            self.hanging.take();
        }
    }

    /// Reads a capture in a worker; one that is being read is given up.
    fn read_capture(&mut self, ctx: &Context<Self>, file: File) {
        let clock = js_sys::Date::now;
        self.shown.capture = ShownCapture::default();
        let begun = state::CaptureMessage::Begun { name: file.name(), size: file.size(), now_ms: clock() };
        self.apply(ctx, state::Message::Capture(begun));
        let link = ctx.link().clone();
        self.reading = Some(Reading::start(file, move |heard| {
            link.send_message(Msg::State(state::Message::Capture(match heard {
                Heard::Progress { read, packets } => {
                    state::CaptureMessage::Progress { read, packets, now_ms: clock() }
                }
                Heard::Ended(ended) => state::CaptureMessage::Ended(ended),
            })));
        }));
    }

    fn reflect(&self) {
        if let Some((state, _)) = &self.ready {
            let closer = state.run.as_ref().is_some_and(|run| run.closer);
            self.outside.reflect(state.phase.as_str(), &state.catalogue().id, closer);
        }
    }

    fn attribute(&mut self, ctx: &Context<Self>, name: &str, value: String) {
        match name {
            "lang" => self.apply(ctx, state::Message::Language(value)),
            "compact" => self.shown.compact = value == "true",
            "catalogue" if is_address(&value) => self.fetch(ctx, value, state::Message::Catalogue),
            "catalogue" => self.apply(ctx, state::Message::Choose(value)),
            _ => {}
        }
    }

    fn save_report(&self) {
        let Some(report) = self.ready.as_ref().and_then(|(state, _)| state.report.as_ref()) else { return };
        if let Ok(text) = serde_json::to_string_pretty(report) {
            let stamp: String =
                report.finished.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
            element::save_file(&format!("connector-check-{stamp}.json"), &text, &self.outside);
        }
    }
}

/// An address has a slash or a dot; an id has neither.
fn is_address(catalogue: &str) -> bool {
    catalogue.contains(['/', '.'])
}

/// What a run tells, for the state.
fn batch(link: &Scope<App>, run: u32) -> Batch {
    let link = link.clone();
    Batch::new(move |events| link.send_message(Msg::State(state::Message::Scan { run, events })))
}

fn environment(surroundings: &Surroundings) -> Environment {
    Environment {
        browser: surroundings.agent.browser.clone(),
        os: surroundings.agent.os.clone(),
        page: surroundings.page,
        embedded: surroundings.embedded,
    }
}

fn browser_language() -> Option<String> {
    web_sys::window()?.navigator().language()
}

/// RFC 3339, UTC, by the browser's clock.
fn now() -> String {
    js_sys::Date::new_0().to_iso_string().into()
}

/// A DNS label that no cache and no zone knows.
fn random_label() -> String {
    // 12 base-36 digits: 62 bits, beyond any chance of meeting a name that exists.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let digit = || char::from_digit((js_sys::Math::random() * 36.0) as u32 % 36, 36).unwrap_or('x');
    (0..12).map(|_| digit()).collect()
}
