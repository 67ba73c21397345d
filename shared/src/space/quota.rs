//! Quotas: how much a space may hold, or all spaces of an owner together. Without a bound there is no limit.

use serde::{Deserialize, Serialize};

/// The bounds of a quota; those that are not set do not limit anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The most bytes.
    pub bytes: Option<u64>,
    /// The most contents.
    pub objects: Option<u64>,
}

/// What contents take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Their bytes.
    pub bytes: u64,
    /// How many there are.
    pub objects: u64,
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaUnit {
    /// Bytes.
    Bytes,
    /// Contents.
    Objects,
}

/// A bound that would be exceeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{of} may hold {limit} {unit} and has {used}; {added} more are too many", unit = .unit.name())]
pub struct Exceeded {
    /// What the quota is of: `space films`, or `the spaces of alice`.
    pub of: String,
    /// What is counted.
    pub unit: QuotaUnit,
    /// The bound.
    pub limit: u64,
    /// What there is, with what is being stored.
    pub used: u64,
    /// What would be added.
    pub added: u64,
}

impl QuotaUnit {
    /// Its name in errors and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Objects => "objects",
        }
    }
}

impl Usage {
    /// This and that.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), objects: self.objects.saturating_add(other.objects) }
    }

    /// This without that.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_sub(other.bytes), objects: self.objects.saturating_sub(other.objects) }
    }
}

impl Exceeded {
    /// Whether what would be added exceeds the bound alone, however much is deleted.
    #[must_use]
    pub const fn never_fits(&self) -> bool {
        self.added > self.limit
    }
}

impl Quota {
    /// Whether nothing is limited.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.bytes.is_none() && self.objects.is_none()
    }

    /// Whether this much may be added to what there is; the error has the first bound that would be exceeded. What adds nothing of
    /// a unit is never refused for it, even if a bound was lowered below what there is.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub fn admits(&self, of: impl Fn() -> String, used: Usage, added: Usage) -> Result<(), Exceeded> {
        let units = [
            (QuotaUnit::Bytes, self.bytes, used.bytes, added.bytes),
            (QuotaUnit::Objects, self.objects, used.objects, added.objects),
        ];
        for (unit, limit, used, added) in units {
            if let Some(limit) = limit
                && added > 0
                && used.saturating_add(added) > limit
            {
                return Err(Exceeded { of: of(), unit, limit, used, added });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_exceeded_by_what_does_not_fit() {
        let usage = |bytes, objects| Usage { bytes, objects };
        for (bytes, objects, added, exceeded) in [
            (None, None, usage(u64::MAX, u64::MAX), None),
            (Some(100), None, usage(90, 1000), None),
            (Some(100), None, usage(91, 1), Some((QuotaUnit::Bytes, false))),
            (Some(100), None, usage(101, 1), Some((QuotaUnit::Bytes, true))),
            (None, Some(3), usage(1000, 1), None),
            (None, Some(3), usage(0, 2), Some((QuotaUnit::Objects, false))),
            // A quota that was lowered refuses what adds to it, and nothing else.
            (Some(5), Some(1), usage(0, 0), None),
            (Some(5), Some(1), usage(1, 0), Some((QuotaUnit::Bytes, false))),
        ] {
            let quota = Quota { bytes, objects };
            let admitted = quota.admits(|| "space films".to_owned(), usage(10, 2), added);
            let found = admitted.err().map(|error| (error.unit, error.never_fits()));
            assert_eq!(found, exceeded, "{quota:?} {added:?}");
        }
        assert!(Quota::default().is_off() && !Quota { bytes: Some(0), objects: None }.is_off());
    }
}
