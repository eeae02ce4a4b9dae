//! Icons: every status has a shape of its own, so that colour is never needed to tell them apart.

use yew::prelude::*;

use crate::tables::Look;

fn svg(class: &'static str, body: Html) -> Html {
    html! {
        <svg class={classes!("icon", class)} viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
            { body }
        </svg>
    }
}

/// The shape of a status.
pub fn look(look: Look) -> Html {
    match look {
        Look::Reachable => svg(
            "solid",
            html! {
                <><circle cx="10" cy="10" r="9" /><path class="ink" d="M5.8 10.4l2.9 2.9 5.6-6.1" /></>
            },
        ),
        Look::RefusedAsItMust => svg(
            "line",
            html! {
                <><circle cx="10" cy="10" r="8" /><path d="M6.2 10.3l2.6 2.6 5-5.4" /></>
            },
        ),
        Look::Failed => svg(
            "solid",
            html! {
                <><path d="M6.2 1h7.6L19 6.2v7.6L13.8 19H6.2L1 13.8V6.2z" /><path class="ink" d="M6.8 6.8l6.4 6.4M13.2 6.8l-6.4 6.4" /></>
            },
        ),
        Look::Silent => svg(
            "solid",
            html! {
                <><path d="M6.2 1h7.6L19 6.2v7.6L13.8 19H6.2L1 13.8V6.2z" /><path class="ink" d="M10 5v5.2l3.4 2.2" /></>
            },
        ),
        Look::Intercepted => svg(
            "solid",
            html! {
                <><path d="M10 1.2L19.4 18H.6z" /><path class="ink" d="M10 7v5.2M10 14.6v.9" /></>
            },
        ),
        Look::Inconclusive => svg(
            "line",
            html! {
                <><circle cx="10" cy="10" r="8" stroke-dasharray="3.2 2.4" /><path d="M7.6 7.8a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.8M10 14v.6" /></>
            },
        ),
        Look::NotTestable => svg(
            "line",
            html! {
                <><circle cx="10" cy="10" r="8" /><path d="M4.6 15.4L15.4 4.6" /></>
            },
        ),
        Look::Skipped => {
            svg("line", html! { <><rect x="2" y="2" width="16" height="16" rx="3" /><path d="M6 10h8" /></> })
        }
        Look::Running | Look::Verifying => svg(
            "spin",
            html! {
                <><circle class="track" cx="10" cy="10" r="7.5" /><path d="M10 2.5a7.5 7.5 0 0 1 7.5 7.5" /></>
            },
        ),
        Look::Waiting => svg("dot", html! { <circle cx="10" cy="10" r="2.5" /> }),
    }
}

/// Something the admin should read first.
pub fn warning() -> Html {
    svg("line warning", html! { <><path d="M10 2.2L18.6 17.5H1.4z" /><path d="M10 8v4.4M10 14.4v.8" /></> })
}

/// On copy buttons; a tick once it is done.
pub fn copy(done: bool) -> Html {
    if done {
        svg("line small", html! { <path d="M4 10.5l4 4 8-9" /> })
    } else {
        svg(
            "line small",
            html! {
                <><rect x="7" y="7" width="10" height="10" rx="2" /><path d="M13 4V3.5A1.5 1.5 0 0 0 11.5 2h-8A1.5 1.5 0 0 0 2 3.5v8A1.5 1.5 0 0 0 3.5 13H4" /></>
            },
        )
    }
}

/// The product's mark: a plug that reaches its socket.
pub fn mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="8" />
            <path d="M6 16h6M20 16h6M12 11.5v9M12 11.5a4.5 4.5 0 0 1 0 9M20 11.5a4.5 4.5 0 0 0 0 9M20 11.5v9" />
        </svg>
    }
}
