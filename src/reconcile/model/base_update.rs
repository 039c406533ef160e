//! What the snapshot takes without any request.

use crate::record::{Both, Enrolment, Field, Fields, Ids, Kind, Projection, Side, SideId, Value};

/// What the snapshot takes without any request.
#[derive(Clone, Debug, PartialEq)]
pub enum BaseUpdate {
    /// Fields of one side's base: both sides agree, or a side's news needs no answer.
    Fields {
        /// The link.
        link: i64,
        /// The side whose base moves.
        side: Side,
        /// The fields and their listed values.
        fields: Fields,
    },
    /// One side is gone and the survivor stays as it is.
    Keep {
        /// The link.
        link: i64,
        /// The side that is gone.
        gone: Side,
    },
    /// A CRM did not keep what was written to a field. (I33)
    Rejected {
        /// The link.
        link: i64,
        /// The side that did not keep it.
        side: Side,
        /// The field.
        field: Field,
    },
    /// A contact left the scope, or came back.
    Scope {
        /// Its link.
        link: i64,
        /// Whether it is outside now.
        outside: bool,
    },
    /// Both sides are gone.
    Drop {
        /// The link.
        link: i64,
    },
    /// A task or note that came along with a merged contact has another id now.
    Renew {
        /// The link.
        link: i64,
        /// The id.
        id: SideId,
    },
    /// An undo puts back a link that went along with a merged contact: the contact that is gone stands in it again, and the
    /// merge is not followed another time. (`semantics` 10, 61)
    MoveBack {
        /// What the run did.
        undo_record: i64,
    },
    /// A secondary is somebody else's now: the next run meets it for the first time.
    Unlink {
        /// The link.
        link: i64,
    },
    /// Something that Cliengo was told of a task.
    Told {
        /// The contact's link.
        link: i64,
        /// What it was told.
        projection: Projection,
    },
    /// Something unsupported was said, and is not said again.
    Remember {
        /// What, in a form of its own.
        what: String,
        /// The link it belongs to.
        link: Option<i64>,
    },
    /// A conflict that waits for a person.
    OpenedConflict(Box<OpenedConflict>),
    /// A conflict is none any more.
    Agreed {
        /// Its id.
        id: String,
    },
    /// A contact stays alone: its person was removed on the other side. It counts as the survivor of a link.
    Alone {
        /// Its id.
        id: SideId,
        /// Its fields, as listed.
        fields: Fields,
    },
    /// An undo parts two records that its run did not make, and leaves both as they are. (`semantics` 61)
    Part {
        /// Their link, where they have one still.
        link: Option<i64>,
        /// What the run did.
        undo_record: i64,
    },
    /// A contact is to be put into something that is not there yet.
    Owe {
        /// What it is.
        enrolment: Enrolment,
        /// The id under which it waits.
        id: String,
        /// The contact's name for a person.
        label: String,
    },
    /// The configuration names something else now.
    OweNoMore {
        /// What it was.
        enrolment: Enrolment,
    },
    /// An operation that failed before is not needed any more.
    Lift {
        /// Its id.
        id: String,
    },
}

/// A conflict that waits for a person, as it is kept for `conflicts`.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedConflict {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// Its name for a person.
    pub label: String,
    /// The field.
    pub field: Field,
    /// The value that both had, where it is known.
    pub base: Option<Value>,
    /// Both values.
    pub now: Both<Value>,
}
