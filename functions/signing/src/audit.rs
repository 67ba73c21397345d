//! What the audit trail says about a signature.

use chrono::{DateTime, SecondsFormat};
use reelspan::cloudfront::policy::Network;
use reelspan::telemetry;

/// Notes for the audit trail what was signed, until when it is valid (in seconds since 1970), and for which addresses.
pub fn note_signed(resource: String, until: i64, address: Option<Network>) {
    let until = DateTime::from_timestamp(until, 0).unwrap_or_default();
    telemetry::note(|notes| {
        notes.detail.insert("signed", resource);
        notes.detail.insert("until", until.to_rfc3339_opts(SecondsFormat::Secs, true));
        notes.detail.extend(address.map(|address| ("for", address.to_string())));
    });
}
