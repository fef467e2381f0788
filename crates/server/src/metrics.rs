//! Counters and gauges, in the OpenMetrics text form. Labels come from the action table and the code table only, so
//! nobody outside can grow them.

use crate::backend::Gauge as Size;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::Registry;
use std::sync::{OnceLock, atomic::AtomicU64};
use std::time::Duration;

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    service: &'static str,
    action: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Action {
    service: &'static str,
    action: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

/// All metrics of the server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Action, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    connections: Gauge,
    downloads: Family<Status, Counter>,
    /// Where calls that ended well are counted, by action; found in the families once.
    well: Box<[OnceLock<(Counter, Histogram)>]>,
}

impl Metrics {
    /// Fresh metrics, all zero.
    pub fn new() -> Self {
        let requests = Family::default();
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (in_flight, connections, downloads) = (Gauge::default(), Gauge::default(), Family::default());
        let mut registry = Registry::with_prefix("rollcall");
        registry.register(
            "requests",
            "API calls answered, by code (OK when there was no error)",
            Family::clone(&requests),
        );
        registry.register(
            "request_seconds",
            "Time from the head of an API call to its answer",
            Family::clone(&seconds),
        );
        registry.register("requests_in_flight", "API calls being answered", Gauge::clone(&in_flight));
        registry.register("connections", "Open connections", Gauge::clone(&connections));
        registry.register("downloads", "Export downloads, by HTTP status", Family::clone(&downloads));
        let well = wire::Action::all().iter().map(|_| OnceLock::new()).collect();
        Self { registry, requests, seconds, in_flight, connections, downloads, well }
    }

    /// Counts an API call as running until the guard is dropped.
    pub fn running(&self) -> Running {
        self.in_flight.inc();
        Running(self.in_flight.clone())
    }

    /// Counts an answered API call.
    pub fn answered(&self, action: Option<wire::ActionId>, code: Option<wire::Code>, time: Duration) {
        let known = action.filter(|_| code.is_none()).and_then(|id| self.well.get(id as usize));
        let (calls, seconds) = match known {
            Some(known) => known.get_or_init(|| self.find(action, code)),
            None => &self.find(action, code),
        };
        calls.inc();
        seconds.observe(time.as_secs_f64());
    }

    fn find(&self, action: Option<wire::ActionId>, code: Option<wire::Code>) -> (Counter, Histogram) {
        let (service, action) = match action.map(wire::ActionId::action) {
            Some(action) => (action.service.as_str(), action.name),
            None => ("other", "other"),
        };
        let code = code.map_or("OK", wire::Code::as_str);
        let calls = self.requests.get_or_create(&Request { service, action, code }).clone();
        (calls, self.seconds.get_or_create(&Action { service, action }).clone())
    }

    /// Counts an answered download.
    pub fn downloads(&self, status: u16) {
        self.downloads.get_or_create(&Status { status }).inc();
    }

    /// The gauge of open connections.
    pub fn connections(&self) -> Gauge {
        self.connections.clone()
    }

    /// Everything as text, the sizes of the service included.
    pub fn text(&self, sizes: &[Size]) -> String {
        let mut text = String::new();
        let encoded = encode(&mut text, &self.registry).and_then(|()| {
            // The end mark is written once, at the very end.
            text.truncate(text.len() - text.strip_suffix("# EOF\n").map_or(0, |_| "# EOF\n".len()));
            encode(&mut text, &registry_of(sizes))
        });
        if let Err(error) = encoded {
            tracing::error!(%error, "metrics cannot be written");
        }
        text
    }
}

fn registry_of(sizes: &[Size]) -> Registry {
    type Labelled = Family<Vec<(&'static str, String)>, Gauge<f64, AtomicU64>>;
    let mut registry = Registry::with_prefix("rollcall");
    let mut families: Vec<(&str, Labelled)> = Vec::new();
    for size in sizes {
        let Some(label) = &size.label else {
            let single = Gauge::<f64, AtomicU64>::default();
            single.set(size.value);
            registry.register(size.name, size.help, single);
            continue;
        };
        let family = match families.iter().find(|(name, _)| *name == size.name) {
            Some((_, family)) => family.clone(),
            None => {
                let family = Labelled::default();
                registry.register(size.name, size.help, family.clone());
                families.push((size.name, family.clone()));
                family
            }
        };
        family.get_or_create(&vec![label.clone()]).set(size.value);
    }
    registry
}

/// One running API call.
pub struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}
