//! Access lists: who may read a space, and who may write to it (*DuraCloud REST API*, Get and Set Space ACLs).
//!
//! A list travels as header fields: `acl-USER`, `acl-group-NAME` and `acl-group-public`, each with `READ` or `WRITE`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::user::{GroupName, Identity, Role, UserName, UserNameError};

/// The prefix of every entry's name.
const ENTRY: &str = "acl-";
/// The prefix of a group's name, after that.
const GROUP: &str = "group-";
/// Everyone, including anonymous callers.
const PUBLIC: &str = "public";

/// The maximum number of entries: the fields of an answer have to stay below the limits of gateways.
const ENTRIES: usize = 100;

/// A right to a space. WRITE includes READ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// List its contents and read them.
    Read,
    /// Also store, change and delete them.
    Write,
}

impl fmt::Display for Right {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
        })
    }
}

/// Why a list is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AclError {
    /// The name of a right is unknown.
    #[error("{0:?} is neither READ nor WRITE")]
    Right(String),
    /// An entry's name is not `acl-USER` or `acl-group-NAME`.
    #[error("{0:?} is neither acl-USER nor acl-group-NAME")]
    Entry(String),
    /// The name is invalid.
    #[error(transparent)]
    Name(#[from] UserNameError),
    /// Everyone would have WRITE.
    #[error("acl-group-public can be READ only")]
    PublicWrite,
    /// There are too many entries.
    #[error("an access list has at most {ENTRIES} entries")]
    TooLong,
}

impl FromStr for Right {
    type Err = AclError;

    fn from_str(text: &str) -> Result<Self, AclError> {
        if text.eq_ignore_ascii_case("READ") {
            Ok(Self::Read)
        } else if text.eq_ignore_ascii_case("WRITE") {
            Ok(Self::Write)
        } else {
            Err(AclError::Right(text.to_owned()))
        }
    }
}

/// The user or users of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// A user.
    User(UserName),
    /// All users of a group.
    Group(GroupName),
    /// Everyone.
    Public,
}

impl fmt::Display for Grantee {
    /// The name of the field: `acl-alice`, `acl-group-curators`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(out, "{ENTRY}{}", name.as_str()),
            Self::Group(name) => write!(out, "{ENTRY}{GROUP}{}", name.as_str()),
            Self::Public => write!(out, "{ENTRY}{GROUP}{PUBLIC}"),
        }
    }
}

impl FromStr for Grantee {
    type Err = AclError;

    fn from_str(text: &str) -> Result<Self, AclError> {
        let name = text.strip_prefix(ENTRY).ok_or_else(|| AclError::Entry(text.to_owned()))?;
        Ok(match name.strip_prefix(GROUP) {
            Some(PUBLIC) => Self::Public,
            Some(group) => Self::Group(GroupName::parse(group)?),
            None => Self::User(UserName::parse(name)?),
        })
    }
}

/// The access list of a space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl(BTreeMap<Grantee, Right>);

impl Acl {
    /// Adds an entry, replacing another one of the same user or group.
    pub fn grant(&mut self, to: Grantee, right: Right) -> Result<(), AclError> {
        if right == Right::Write && to == Grantee::Public {
            return Err(AclError::PublicWrite);
        }
        self.0.insert(to, right);
        if self.0.len() > ENTRIES { Err(AclError::TooLong) } else { Ok(()) }
    }

    /// Parses a list from fields whose names have their `acl-`, as from [`Acl::fields`].
    pub fn of_fields<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, AclError> {
        let mut acl = Self::default();
        for (name, right) in fields {
            acl.grant(name.parse()?, right.trim().parse()?)?;
        }
        Ok(acl)
    }

    /// The list as fields, ordered by name.
    pub fn fields(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(to, right)| (to.to_string(), right.to_string()))
    }

    /// Whether a user or an anonymous caller has this right in a space with this list and this owner. Admins and the
    /// owner have every right.
    #[must_use]
    pub fn allows(&self, who: Option<&Identity>, owner: Option<&str>, right: Right) -> bool {
        let master = who.is_some_and(|who| who.role == Role::Admin || owner == Some(who.name.as_str()));
        master || self.0.iter().any(|(to, granted)| *granted >= right && is_one(who, to))
    }
}

/// Whether an entry applies to a user or an anonymous caller.
fn is_one(who: Option<&Identity>, of: &Grantee) -> bool {
    match of {
        Grantee::User(name) => who.is_some_and(|who| who.name == name.as_str()),
        Grantee::Group(name) => who.is_some_and(|who| who.groups.iter().any(|group| group == name.as_str())),
        Grantee::Public => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn identity(name: &str, role: Role, groups: &[&str]) -> Identity {
        Identity { name: name.to_owned(), role, groups: groups.iter().map(|&group| group.to_owned()).collect() }
    }

    #[test]
    fn a_right_is_where_the_list_the_role_or_the_ownership_gives_it() {
        let people = [
            None,
            Some(identity("stranger", Role::User, &[])),
            Some(identity("maker", Role::Owner, &["others"])),
            Some(identity("reader", Role::User, &[])),
            Some(identity("writer", Role::User, &[])),
            Some(identity("member", Role::User, &["students"])),
            Some(identity("curator", Role::User, &["students", "curators"])),
            Some(identity("founder", Role::Owner, &[])),
            Some(identity("root", Role::Admin, &[])),
        ];
        let closed = Acl::of_fields([
            ("acl-reader", "READ"),
            ("acl-writer", "WRITE"),
            ("acl-group-students", "READ"),
            ("acl-group-curators", "WRITE"),
        ]);
        let open = Acl::of_fields([("acl-group-public", "READ"), ("acl-writer", "WRITE")]);
        // One column for each caller, in the order above.
        for (name, acl, right, allowed) in [
            ("an empty list", Acl::default(), Right::Read, "-------++"),
            ("an empty list", Acl::default(), Right::Write, "-------++"),
            ("a closed space", closed.clone().unwrap(), Right::Read, "---++++++"),
            ("a closed space", closed.unwrap(), Right::Write, "----+-+++"),
            ("an open space", open.clone().unwrap(), Right::Read, "+++++++++"),
            ("an open space", open.unwrap(), Right::Write, "----+--++"),
        ] {
            let found: String = people
                .iter()
                .map(|who| if acl.allows(who.as_ref(), Some("founder"), right) { '+' } else { '-' })
                .collect();
            assert_eq!(found, allowed, "{right} in {name}");
        }
    }

    #[test]
    fn a_space_without_an_owner_is_nobodys() {
        assert!(!Acl::default().allows(Some(&identity("founder", Role::Owner, &[])), None, Right::Read));
        assert!(Acl::default().allows(Some(&identity("root", Role::Admin, &[])), None, Right::Write));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (name, right) in [
            ("acl-alice", "ALL"),
            ("acl-alice", ""),
            ("acl-", "READ"),
            ("acl-group-", "READ"),
            ("alice", "READ"),
            ("acl-a b", "READ"),
            ("acl-public", "READ"),
            ("acl-group-public", "WRITE"),
        ] {
            assert!(Acl::of_fields([(name, right)]).is_err(), "{name}: {right} was taken");
        }
        let many: Vec<String> = (0..101).map(|number| format!("acl-user{number}")).collect();
        assert!(Acl::of_fields(many.iter().map(|name| (name.as_str(), "READ"))).is_err());
        assert!(Acl::of_fields(many.iter().skip(1).map(|name| (name.as_str(), "READ"))).is_ok());
    }

    proptest! {
        #[test]
        fn a_list_survives_being_written_as_fields(names in prop::collection::btree_set("[a-z0-9]([a-z0-9._-]{0,9}[a-z0-9])?", 0..8)) {
            let mut acl = Acl::default();
            for name in &names {
                let (Ok(user), Ok(group)) = (UserName::parse(name), GroupName::parse(name)) else { continue };
                acl.grant(Grantee::User(user), Right::Write).unwrap();
                acl.grant(Grantee::Group(group), Right::Read).unwrap();
            }
            let fields: Vec<_> = acl.fields().collect();
            for (name, _) in &fields {
                prop_assert!(http::HeaderName::from_str(name).is_ok(), "{name}");
            }
            let fields = fields.iter().map(|(name, right)| (name.as_str(), right.as_str()));
            prop_assert_eq!(Acl::of_fields(fields).unwrap(), acl);
        }
    }
}
