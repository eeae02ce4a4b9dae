//! The request: HEAD, as little of it as the browser allows.

use gloo_net::http::{Method, RequestBuilder};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestMode,
    RequestRedirect,
};

use crate::js;

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The head alone: what is asked first.
    Head,
    /// The whole, for servers that close the connection instead of answering HEAD.
    Get,
    /// The whole, to be read: ends with the first answer that may not be, a redirect included.
    Read,
}

/// Asks for `url`. `Ok` means that some HTTP answer arrived, whatever its status; the error is
/// the browser's text, which never tells a cause. Dropping the future aborts the request.
///
/// HEAD, because Chromium reports no timing for an opaque answer whose body is unread (measured).
/// `no-cors`, because the services allow no cross-origin reading; redirects are followed, because in that
/// mode any other setting is refused at once (measured).
pub(super) async fn ask(url: &str, verb: Verb) -> Result<(), String> {
    let abort = AbortOnDrop::new().map_err(|error| js::error_text(&error))?;
    let request = RequestBuilder::new(url)
        .method(match verb {
            Verb::Head => Method::HEAD,
            Verb::Get | Verb::Read => Method::GET,
        })
        .mode(match verb {
            Verb::Head | Verb::Get => RequestMode::NoCors,
            Verb::Read => RequestMode::Cors,
        })
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::Omit)
        .referrer_policy(ReferrerPolicy::NoReferrer)
        .redirect(RequestRedirect::Follow)
        .abort_signal(Some(&abort.signal()))
        .build()
        .map_err(|error| error.to_string())?;
    // Not sent through gloo-net: that panics on a rejection with anything but an `Error`, and add-ons that
    // replace `fetch` reject with what they like.
    let request = web_sys::Request::from(request);
    let answer = js::call(&js::global(), "fetch", &request).map_err(|error| js::error_text(&error))?;
    match JsFuture::from(Promise::resolve(&answer)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(js::error_text(&error)),
    }
}

/// Aborts the requests that have its signal.
pub(super) struct AbortOnDrop(AbortController);

impl AbortOnDrop {
    pub(super) fn new() -> Result<Self, JsValue> {
        AbortController::new().map(Self)
    }

    pub(super) fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
