//! `/stream/`: what viewers reach of streamed spaces, by the rules that CloudFront follows on AWS ([`route`]). The key-value store
//! of the edges is in memory, and nothing is cached: the origins are in the same process.

mod origins;
pub mod route;
mod secret;
mod site;

pub use self::origins::Origins;
pub use self::secret::SecretFile;
pub use self::site::Site;
