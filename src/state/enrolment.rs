//! What contacts were put into in GHL. Nothing there can be read back, so it is written down here, and kept for ever.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{FailedOperationRow, State, StateError};
use crate::record::{Effect, Effects, Enrolment, Ids, Kind, Side, SideId};

/// So often has an operation failed that waits for a person.
const ASIDE: u32 = 4;

/// In the place of the run that it is owed by: of a contact whose create is long done, and whose link was lost or forgotten.
const FOR_CERTAIN: i64 = 0;

/// How far an enrolment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentStatus {
    /// It is to be done, and was not sent.
    Owed,
    /// It is being sent, or the process died then.
    Sent,
    /// No answer came: it may have been done.
    Unknown,
    /// It was done.
    Done,
}

impl EnrolmentStatus {
    const ALL: [Self; 4] = [Self::Owed, Self::Sent, Self::Unknown, Self::Done];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
        }
    }
}

/// An enrolment, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// What it is.
    pub enrolment: Enrolment,
    /// The id of what it is put into, once that was known.
    pub sent: Option<String>,
    /// How far it is.
    pub status: EnrolmentStatus,
    /// The id of its operation, under which it waits.
    pub operation: String,
    /// The contact's name for a person.
    pub label: String,
    /// The run that it was to be done in.
    pub run: i64,
}

impl State {
    /// Every enrolment.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn enrolments(&self) -> Result<Vec<EnrolmentRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT contact, effect, status, operation, label, run, sent FROM enrolment ORDER BY contact, effect",
        )?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (effect, status): (String, String) = (row.get(1)?, row.get(2)?);
            let effect: Effect = serde_json::from_str(&effect)?;
            let status = EnrolmentStatus::ALL.into_iter().find(|known| known.as_str() == status);
            found.push(EnrolmentRow {
                enrolment: Enrolment::kept(row.get(0)?, effect),
                status: status.ok_or_else(|| StateError::Row("an enrolment of no known status".to_owned()))?,
                operation: row.get(3)?,
                label: row.get(4)?,
                run: row.get(5)?,
                sent: row.get(6)?,
            });
        }
        Ok(found)
    }

    /// The operations of which a person is to say whether they were done.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn unanswered_operations(&self) -> Result<BTreeSet<String>, StateError> {
        let unknown = self.enrolments()?.into_iter().filter(|row| row.status == EnrolmentStatus::Unknown);
        Ok(unknown.map(|row| row.operation).collect())
    }

    /// Writes an enrolment down that is to be done. One that was done stays done.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be sent.
    pub fn owe(&self, enrolment: &Enrolment, operation: &str, label: &str, run: i64) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT INTO enrolment (contact, effect, status, operation, label, run) VALUES (?1, ?2, 'owed', ?3, ?4, ?5)
                 ON CONFLICT (contact, effect) DO UPDATE SET status = 'owed', operation = ?3, label = ?4, run = ?5
                 WHERE status <> 'done'",
            )?
            .execute(params![
                enrolment.contact_key(),
                serde_json::to_string(&enrolment.effect)?,
                operation,
                label,
                run
            ])?;
        Ok(())
    }

    /// Writes down the id of what contacts are put into, by the names that the configuration has for it now. The first one stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn name_enrolments(&self, effects: &Effects) -> Result<(), StateError> {
        for (effect, sent) in effects {
            let Ok(sent) = sent else { continue };
            self.connection
                .prepare_cached("UPDATE enrolment SET sent = ?2 WHERE effect = ?1 AND sent IS NULL")?
                .execute([&serde_json::to_string(effect)?, sent])?;
        }
        Ok(())
    }

    /// Writes down how far an enrolment is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn enrolled(&self, enrolment: &Enrolment, status: EnrolmentStatus) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE enrolment SET status = ?3 WHERE contact = ?1 AND effect = ?2 AND status <> 'done'")?
            .execute(params![enrolment.contact_key(), serde_json::to_string(&enrolment.effect)?, status.as_str()])?;
        Ok(())
    }

    /// What got no answer waits for a person, in the run that sent it or after it died. A tag twice is one tag.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn unanswered(&self, row: &EnrolmentRow, fingerprint: &str, why: &str) -> Result<(), StateError> {
        if row.enrolment.effect.can_be_read() {
            return self.enrolled(&row.enrolment, EnrolmentStatus::Owed);
        }
        self.enrolled(&row.enrolment, EnrolmentStatus::Unknown)?;
        self.keep_failed_operation(&FailedOperationRow {
            id: row.operation.clone(),
            kind: Kind::Contact,
            side: Side::Ghl,
            action: "enrol".to_owned(),
            ids: Ids::one(row.enrolment.contact()),
            parent: Ids::default(),
            label: row.label.clone(),
            fingerprint: fingerprint.to_owned(),
            attempts: ASIDE,
            words: why.to_owned(),
            run: row.run,
            due: 0,
            dropped: false,
        })
    }

    /// What was being sent when a run died.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn close_abandoned_enrolments(&self) -> Result<(), StateError> {
        for row in self.enrolments()?.iter().filter(|row| row.status == EnrolmentStatus::Sent) {
            self.unanswered(row, "", "the run ended before an answer came")?;
        }
        Ok(())
    }

    /// Takes over what another state knows, and what a person said of it: it replaces that one.
    ///
    /// # Errors
    /// When one of them cannot be read or written.
    pub fn inherit_enrolments(&self, replaced: &Self) -> Result<(), StateError> {
        for row in replaced.enrolments()? {
            let (id, label) = (&row.operation, &row.label);
            self.owe(&row.enrolment, id, label, FOR_CERTAIN)?;
            self.enrolled(&row.enrolment, row.status)?;
            if let Some(sent) = row.sent {
                self.name_enrolments(&Effects::from([(row.enrolment.effect, Ok(sent))]))?;
            }
        }
        let unanswered = replaced.failed_operations()?.into_iter().filter(|row| row.action == "enrol");
        unanswered.map(|row| FailedOperationRow { run: 0, ..row }).try_for_each(|row| self.keep_failed_operation(&row))
    }

    /// Lets go of one enrolment that was not sent.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn owe_no_more(&self, enrolment: &Enrolment) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM enrolment WHERE contact = ?1 AND effect = ?2 AND status = 'owed'")?
            .execute(params![enrolment.contact_key(), serde_json::to_string(&enrolment.effect)?])?;
        Ok(())
    }

    /// Keeps nothing of contacts that are forgotten for good: they are put into nothing any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn forget_enrolments(&self, contacts: &BTreeSet<SideId>) -> Result<(), StateError> {
        for contact in contacts {
            self.connection
                .prepare_cached("DELETE FROM enrolment WHERE contact = ?1")?
                .execute([Enrolment::key(contact)])?;
            self.connection
                .prepare_cached("DELETE FROM failed_operation WHERE action = 'enrol' AND ?1 IN (cliengo_id, ghl_id)")?
                .execute([contact.as_str()])?;
        }
        Ok(())
    }

    /// What is owed to these contacts is owed whoever links them again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn owe_for_certain(&self, contacts: &BTreeSet<SideId>) -> Result<(), StateError> {
        for contact in contacts {
            self.connection
                .prepare_cached("UPDATE enrolment SET run = ?2 WHERE contact = ?1 AND status = 'owed'")?
                .execute(params![Enrolment::key(contact), FOR_CERTAIN])?;
        }
        Ok(())
    }

    /// Lets go of what is owed to a contact that no create of ours made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn owe_nothing(&self, contact: &SideId) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM enrolment WHERE contact = ?1 AND status = 'owed' AND run <> ?2")?
            .execute(params![Enrolment::key(contact), FOR_CERTAIN])?;
        Ok(())
    }
}
