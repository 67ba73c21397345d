//! The Lambda that signs URLs and cookies for streams.
