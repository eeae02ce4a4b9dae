//! Reading a capture: the worker that does it, and what it says.

use std::cell::RefCell;
use std::rc::Rc;

use connector_check_diagnosis::supplements::Capture;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, Worker};

use crate::js;

/// What the worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// So much was read.
    Progress {
        /// Bytes of the file.
        read: f64,
        /// Packets.
        packets: f64,
    },
    /// It is done: facts, or why there are none.
    Ended(Box<Result<Capture, String>>),
}

#[wasm_bindgen(module = "/src/capture.js")]
extern "C" {
    #[wasm_bindgen(js_name = startReader)]
    fn start_reader(file: &File, heard: &Closure<dyn FnMut(String, f64, f64, String)>) -> js_sys::Promise;
}

/// What the worker's script calls: a kind, bytes and packets read, and a text.
type Listening = Closure<dyn FnMut(String, f64, f64, String)>;

/// A file that is being read; dropping it ends that.
pub struct Reading {
    worker: Rc<RefCell<Option<Worker>>>,
    alive: Rc<RefCell<bool>>,
    _heard: Rc<Listening>,
}

impl Reading {
    /// Starts a worker and reads the file in it.
    pub fn start(file: File, tell: impl Fn(Heard) + Clone + 'static) -> Self {
        let name = file.name();
        let said = tell.clone();
        let heard = Closure::new(move |kind: String, read: f64, packets: f64, text: String| {
            let ended = |result| Heard::Ended(Box::new(result));
            said(match kind.as_str() {
                "progress" => Heard::Progress { read, packets },
                "result" => ended(capture(&name, &text)),
                _ => ended(Err(text)),
            });
        });
        let heard = Rc::new(heard);
        let reading =
            Self { worker: Rc::default(), alive: Rc::new(RefCell::new(true)), _heard: Rc::clone(&heard) };
        let (worker, alive) = (Rc::clone(&reading.worker), Rc::clone(&reading.alive));
        spawn_local(async move {
            match JsFuture::from(start_reader(&file, &heard)).await {
                Ok(started) => {
                    let started: Worker = started.unchecked_into();
                    if *alive.borrow() {
                        worker.replace(Some(started));
                    } else {
                        started.terminate();
                    }
                }
                Err(error) => tell(Heard::Ended(Box::new(Err(js::error_text(&error))))),
            }
        });
        reading
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.alive.replace(false);
        if let Some(worker) = self.worker.take() {
            worker.terminate();
        }
    }
}

fn capture(name: &str, json: &str) -> Result<Capture, String> {
    #[derive(serde::Deserialize)]
    struct Read {
        facts: connector_check_capture::facts::CaptureFacts,
        warnings: Vec<connector_check_capture::facts::Warning>,
    }
    let Read { facts, warnings } = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(Capture { name: name.to_owned(), facts, warnings })
}
