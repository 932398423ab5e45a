//! Receives `tracing` events and hands them to the router as root-level messages.
//!
//! Only this program's own events count: what libraries think worth an event is not part of the
//! log formats that other programs read.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

use super::format::Origin;
use super::place::Place;
use crate::program;

pub(super) fn install(place: &'static Place, trace: bool) {
    let events = Events { place, trace };
    // Fails when there is one already, which then has the same place.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(events));
}

pub(super) struct Events {
    pub(super) place: &'static Place,
    pub(super) trace: bool,
}

impl Events {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let ours = env!("CARGO_CRATE_NAME");
        let target = metadata.target().strip_prefix(ours);
        target.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            && (self.trace || *metadata.level() <= Level::DEBUG)
    }
}

impl<S: Subscriber> Layer<S> for Events {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.trace {
            LevelFilter::TRACE
        } else {
            LevelFilter::DEBUG
        })
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut text = Text::default();
        event.record(&mut text);
        let origin = Origin {
            file: metadata.file().unwrap_or("mock"),
            line: metadata.line().unwrap_or(0),
        };
        self.place.lock().message(
            *metadata.level(),
            origin,
            &program::commands_in(text.finish()),
        );
    }
}

/// Collects an event's message, then its other fields as `name=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn finish(mut self) -> String {
        self.message.push_str(&self.fields);
        self.message
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {field}={value:?}")
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            self.record_debug(field, &value);
        }
    }
}
