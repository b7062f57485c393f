//! All events of a run. An engine keeps the last 256, and hundreds of cases
//! at once make those old before the one that waits has asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::http::{self, Request};

/// What was heard so far.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<Value>>>);

impl Memory {
    /// Listens from now on, as long as the engine lives.
    pub(crate) fn follow(&self, endpoint: &Endpoint) -> Result<(), String> {
        let mut reply = http::send(endpoint, &Request::new("GET", "/events"))
            .map_err(|e| format!("events: {e}"))?;
        if reply.head.status != 200 {
            return Err(format!("events: {}", reply.head.status_line));
        }
        // An engine may have nothing to tell for long.
        let day = Duration::from_secs(86_400);
        let limit = reply.stream().read_limit(day);
        limit.map_err(|e| format!("events: {e}"))?;
        let all = Arc::clone(&self.0);
        thread::spawn(move || {
            let events = serde_json::Deserializer::from_reader(reply).into_iter::<Value>();
            // The stream ends with the engine, in whatever way that ends.
            for event in events.map_while(Result::ok) {
                all.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(event);
            }
        });
        Ok(())
    }

    /// The events of a container, and those of networks and volumes that are about
    /// it.
    pub(crate) fn about(&self, container: &str) -> Vec<Value> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|event| {
                let actor = &event["Actor"];
                actor["ID"] == container || actor["Attributes"]["container"] == container
            })
            .cloned()
            .collect()
    }

    /// The events of a kind of object, by its id.
    pub(crate) fn of(&self, kind: &str, id: &str) -> Vec<Value> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|event| event["Type"] == kind && event["Actor"]["ID"] == id)
            .cloned()
            .collect()
    }
}
