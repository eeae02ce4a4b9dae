//! The service that hyper asks: one for each connection.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::Service;
use hyper::{Request, Response, Version};

use crate::activity::Activity;
use crate::answer::{Connection, answer, is_last};
use crate::connection::Shared;
use crate::log::Event;

/// Answers the requests of one connection.
#[derive(Debug)]
pub(crate) struct Answering {
    connection: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) activity: Arc<Activity>,
}

impl Answering {
    pub(crate) fn new(connection: Connection, shared: &Arc<Shared>) -> Self {
        Self { connection, shared: Arc::clone(shared), activity: Arc::new(Activity::new()) }
    }
}

impl Service<Request<Incoming>> for Answering {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.activity.note(request.body().is_end_stream());
        let Self { connection, shared, .. } = self;
        let mut response = answer(&request, connection, &shared.site);
        if is_last(&request) {
            if request.version() < Version::HTTP_2 {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            self.activity.end();
        }
        if shared.log.is_on() {
            let (status, tls) = (response.status(), connection.tls.as_ref());
            shared.log.write(connection.client, &Event::Answered { port: connection.port, status, tls });
        }
        ready(Ok(response))
    }
}
