//! Users of both CRMs, and who is who: by their e-mail, or by the table of the configuration.

use super::{Both, Side, canonical_email};

/// A user of one CRM, to whom contacts and tasks are assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: String,
    /// The e-mail; blank where it is not said.
    pub email: String,
    /// The name; blank where it is not said.
    pub name: String,
}

impl User {
    /// Whether the user is called so: by id, e-mail or name.
    #[must_use]
    pub fn is(&self, called: &str) -> bool {
        let called = called.trim();
        let has_email = !self.email.is_empty() && canonical_email(&self.email) == canonical_email(called);
        let has_name = !called.is_empty() && self.name.trim().to_lowercase() == called.to_lowercase();
        self.id == called || has_email || has_name
    }

    /// The e-mail, or else what is said of the user.
    #[must_use]
    pub fn address(&self) -> String {
        if self.email.is_empty() { self.shown() } else { self.email.clone() }
    }

    /// Name and e-mail, as far as they are said.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.name.is_empty(), self.email.is_empty()) {
            (false, false) => format!("{} ({})", self.name, self.email),
            (false, true) => self.name.clone(),
            (true, false) => self.email.clone(),
            (true, true) => self.id.clone(),
        }
    }
}

/// Who is who: the ids of Cliengo's users, each with that of GHL's. What the table says goes before equal e-mails.
#[must_use]
pub fn paired(users: &Both<Vec<User>>, table: &[(String, String)]) -> Vec<(String, String)> {
    let called = |name: &str| users.ghl.iter().find(|user| user.is(name));
    let by_table = |user: &User| {
        table.iter().find_map(|(one, other)| match (user.is(one), user.is(other)) {
            (true, _) => called(other),
            (false, true) => called(one),
            (false, false) => None,
        })
    };
    let by_email = |user: &User| (!user.email.is_empty()).then(|| called(&user.email)).flatten();
    let pair = |user: &User| Some((user.id.clone(), by_table(user).or_else(|| by_email(user))?.id.clone()));
    users.cliengo.iter().filter_map(pair).collect()
}

/// What is wrong with assigning to the user `id` (GHL's, or Cliengo's where GHL has no such user) on `side`; `None`: they are
/// there.
#[must_use]
pub fn nobody(side: Side, id: &str, users: &Both<Vec<User>>, pairs: &[(String, String)]) -> Option<String> {
    let is_there = match side {
        Side::Ghl => users.ghl.iter().any(|user| user.id == id),
        Side::Cliengo => pairs.iter().any(|(_, ghl)| ghl == id),
    };
    let source = side.other();
    let known = users.of(source).iter().find(|user| user.id == id);
    (!is_there).then(|| {
        let (who, hint) = match known {
            Some(user) => (user.shown(), "name both under [pair.NAME.assignees], or give both one e-mail"),
            None => (format!("user {id}"), "assign it to somebody else"),
        };
        format!("{who} of {} is nobody in {}: {hint}", source.title(), side.title())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, name: &str, email: &str) -> User {
        User { id: id.to_owned(), email: email.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn users_are_paired_by_the_table_first_and_then_by_their_email() {
        let cliengo = vec![
            user("c1", "Ana Paz", "ana@acme.example"),
            user("c2", "Luis", "luis@acme.example"),
            user("c3", "Eva", ""),
        ];
        let ghl = vec![
            user("g1", "Ana P", "ANA@acme.example"),
            user("g2", "L. Sosa", "sosa@acme.example"),
            user("g3", "eva", "e@acme.example"),
        ];
        let users = Both { cliengo, ghl };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(paired(&users, &[]), [pair("c1", "g1")], "a name alone makes nobody one");
        let either_way = [pair("sosa@acme.example", "luis@acme.example"), pair("Eva", "g3")];
        let all = paired(&users, &either_way);
        assert_eq!(all, [pair("c1", "g1"), pair("c2", "g2"), pair("c3", "g3")]);
        assert_eq!(nobody(Side::Ghl, "g2", &users, &[]), None);
        assert!(
            nobody(Side::Ghl, "c2", &users, &[])
                .unwrap()
                .starts_with("Luis (luis@acme.example) of Cliengo is nobody in GHL")
        );
        assert!(
            nobody(Side::Cliengo, "g2", &users, &[]).is_some() && nobody(Side::Cliengo, "g2", &users, &all).is_none()
        );
    }
}
