//! Where apps are mounted: roots that are used again and again.
//!
//! Yew 0.23 never takes its listeners off a root (`subtree_root.rs`: "this event handler is static"), and each of them
//! holds the root and all that it knows. So a root outlives its app, and the next app gets it.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::{Element, ShadowRoot};
use yew::prelude::*;

use crate::app::{App, Msg, Props as AppProps};
use crate::element::Outside;

thread_local! {
    /// Roots without an app; never more than there were elements at the same time.
    static SPARE: RefCell<Vec<Root>> = const { RefCell::new(Vec::new()) };
}

/// A root, with the app that is in it at present.
pub struct Root {
    place: Element,
    shell: AppHandle<Shell>,
    /// The app's own scope, as soon as it is mounted, and what is said to it before.
    line: Rc<RefCell<Line>>,
    /// Tells the tenants of this root apart.
    tenant: u32,
}

/// The way to an app that is mounted a moment later.
#[derive(Default)]
pub struct Line {
    scope: Option<html::Scope<App>>,
    early: Vec<Msg>,
}

impl Line {
    /// The app is there; it hears what was said before.
    pub fn connect(&mut self, scope: &html::Scope<App>) {
        scope.send_message_batch(std::mem::take(&mut self.early));
        self.scope = Some(scope.clone());
    }
}

impl Root {
    /// Puts an app for an element into its shadow root; `None` where there is no document.
    pub fn occupy(shadow: &ShadowRoot, outside: Outside) -> Option<Self> {
        let mut root = match SPARE.with_borrow_mut(Vec::pop) {
            Some(spare) => spare,
            None => Self::new()?,
        };
        // Fails only where a node is put into itself.
        let _ = shadow.append_child(&root.place);
        root.tenant = root.tenant.wrapping_add(1);
        root.line = Rc::default();
        let app = AppProps { outside, line: Rc::clone(&root.line) };
        root.shell.update(ShellProps { app: Some((root.tenant, app)) });
        Some(root)
    }

    fn new() -> Option<Self> {
        let place = web_sys::window()?.document()?.create_element("div").ok()?;
        let shell = yew::Renderer::<Shell>::with_root(place.clone()).render();
        Some(Self { place, shell, line: Rc::default(), tenant: 0 })
    }

    /// Tells the app something.
    pub fn send(&self, message: Msg) {
        let mut line = self.line.borrow_mut();
        match &line.scope {
            Some(scope) => scope.send_message(message),
            None => line.early.push(message),
        }
    }

    /// Takes the app down and keeps the root for the next one.
    pub fn vacate(mut self) {
        self.place.remove();
        self.line = Rc::default();
        self.shell.update(ShellProps::default());
        SPARE.with_borrow_mut(|spare| spare.push(self));
    }
}

#[derive(Properties, PartialEq, Clone, Default)]
struct ShellProps {
    app: Option<(u32, AppProps)>,
}

/// Holds one app or none.
#[function_component]
fn Shell(props: &ShellProps) -> Html {
    match &props.app {
        Some((tenant, app)) => html! { <App key={*tenant} ..app.clone() /> },
        None => html! {},
    }
}
