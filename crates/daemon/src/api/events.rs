//! The stream of events.

use longshore_api::body::JsonLines;
use longshore_api::error::ApiError;
use longshore_api::types;
use longshore_engine::events::EventStream;

/// Lines that may wait for a slow client; the event log is the longer buffer.
const WAITING: usize = 64;

/// Answers with what the stream gives, until its end or the client's.
pub(super) fn lines(mut events: EventStream) -> JsonLines<types::EventMessage> {
    let (lines, answer) = JsonLines::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = lines.closed() => return,
            };
            let Some(event) = event else { return };
            let line: Result<_, ApiError> = Ok(event.to_wire());
            if lines.send(line).await.is_err() {
                return;
            }
        }
    });
    answer
}
