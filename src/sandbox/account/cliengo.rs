//! In what Cliengo accounts differ.

super::draw::switches! {
    /// How the key is given.
    key: Key, Often {
        /// In any of the three ways; a JWT lives for ever.
        Any,
        /// As the parameter `api_key`.
        Query,
        /// As a bearer.
        Bearer,
        /// As a JWT that lives five minutes.
        Jwt,
    }
    /// How a wrong key is refused.
    refusal: Refusal, Often {
        /// 401.
        Unauthorized,
        /// 403.
        Forbidden,
        /// 200 with a `message`.
        Message,
        /// 200 with an `error`.
        Error,
        /// 302 to a login page.
        Login,
    }
    /// An offset above 1000.
    offset_cap: OffsetCap, Often {
        /// Is refused with 400.
        BadRequest,
        /// Is refused with 500.
        ServerError,
        /// Is taken.
        None,
    }
    /// Whether `until` counts itself.
    until: Until, Often {
        /// No.
        Exclusive,
        /// Yes.
        Inclusive,
    }
    /// How dates are shown.
    dates: Dates, Often {
        /// In UTC.
        Utc,
        /// In the account's zone; a plain date is read in it too.
        AccountZone,
        /// In UTC, without saying so.
        WithoutOffset,
        /// As a date without a time.
        DateOnly,
    }
    /// A `since` or `until` with a time of day.
    sub_day: SubDay, Often {
        /// Is taken.
        Taken,
        /// Is cut to the day.
        Cut,
    }
    /// The order of the contact list.
    order: Order, Often {
        /// Newest first.
        NewestFirst,
        /// Last changed first.
        LastUpdate,
        /// None that means anything.
        None,
    }
    /// `paging.total`.
    total: Total, Often {
        /// Of the whole list.
        Whole,
        /// Of the page.
        Page,
        /// Left out.
        LeftOut,
        /// As a text.
        Text,
    }
    /// How a name is stored.
    name_stored: NameStored, Often {
        /// As sent.
        AsSent,
        /// Parted into `name` and `lastName`.
        Parted,
        /// Full in `name`, and its last word in `lastName` too.
        FullAndLast,
        /// At most 50 characters.
        Cut,
        /// Emoji as `?`.
        WithoutEmoji,
    }
    /// How a phone is stored.
    phone_stored: PhoneStored, Often {
        /// As sent.
        AsSent,
        /// Its digits.
        Digits,
        /// Its digits and `@c.us`.
        ChatId,
        /// As sent, and ` (WhatsApp)`.
        WithChannel,
    }
    /// How a field without a value is shown.
    empty_field: EmptyField, Often {
        /// As it was written, else as `null`.
        AsWritten,
        /// As an empty text.
        Empty,
        /// As `null`.
        Null,
        /// Not at all.
        LeftOut,
    }
    /// How a contact's tags are shown.
    tags: Tags, Often {
        /// As texts.
        Texts,
        /// As objects.
        Objects,
        /// As texts; as `null` where there are none.
        NullWhenNone,
        /// As texts; not at all before a contact has its first one.
        LeftOutUntilOne,
        /// Not at all.
        LeftOut,
    }
    /// How a tag is stored.
    tag_stored: TagStored, Often {
        /// As sent.
        AsSent,
        /// Trimmed.
        Trimmed,
        /// In lower case.
        LowerCase,
    }
    /// An empty value in a PATCH.
    patch_empty: PatchEmpty, Often {
        /// Is stored.
        Applied,
        /// Does nothing.
        Ignored,
        /// Is refused with 400.
        Refused,
    }
    /// What a PATCH answers.
    patch_answer: PatchAnswer, Often {
        /// The contact.
        Contact,
        /// `{ "ok": true }`.
        Ok,
        /// 204.
        NoContent,
    }
    /// `extraParams` in a PATCH.
    extra_params: ExtraParams, Often {
        /// Are merged into those that are there.
        Merged,
        /// Replace those that are there.
        Replaced,
    }
    /// `leadFields` in an answer.
    lead_fields: LeadFields, Often {
        /// Are there.
        Shown,
        /// Are left out.
        LeftOut,
    }
    /// A create of somebody whose e-mail or phone is there.
    known_person: KnownPerson, Often {
        /// Makes another contact.
        Another,
        /// Answers the one that is there with 200.
        Existing,
        /// Answers the one that is there with 201.
        ExistingCreated,
        /// Is refused with 409.
        Conflict,
    }
    /// The envelope of a contact's notes.
    note_list: NoteList, Often {
        /// `results`, with a total.
        Results,
        /// None.
        Bare,
        /// `notes`.
        Notes,
        /// `data`.
        Data,
    }
    /// The key of a note's id.
    note_id: NoteId, Often {
        /// `ID`.
        Capitals,
        /// `id`.
        Plain,
    }
    /// Notes that Cliengo wrote itself.
    system_notes: SystemNotes, Often {
        /// There are none.
        None,
        /// Every fourth contact's list has one without a text.
        WithoutText,
    }
    /// The order of a contact's notes.
    note_order: NoteOrder, Often {
        /// Newest first.
        NewestFirst,
        /// Oldest first.
        OldestFirst,
    }
    /// The longest list of a contact's notes.
    note_cap: NoteCap, Rarely {
        /// There is no longest.
        None,
        /// The newest 50.
        Fifty,
    }
    /// A contact's `lastUpdateDate`.
    children_move_date: ChildrenMoveDate, Often {
        /// Moves with its own fields and tags.
        No,
        /// Moves with its notes and tasks too.
        Yes,
    }
    /// A contact that was deleted.
    deleted: Deleted, Often {
        /// Answers 404.
        NotFound,
        /// Answers 410.
        Gone,
        /// Answers 200 with the status `DELETED`.
        StatusDeleted,
        /// The same, and is listed so.
        Listed,
    }
    /// What `/contacts/{id}/tasks` answers.
    tasks: Tasks, Often {
        /// The tasks, in the extended profile; 404 in the legacy one.
        Resource,
        /// 404.
        NotFound,
        /// 401.
        Unauthorized,
        /// 403.
        Forbidden,
        /// 500.
        ServerError,
        /// 200 with a page of HTML.
        Page,
        /// 200 with a list of something else.
        Unrelated,
    }
    /// The `accountId` of a contact.
    account_id: AccountId, Often {
        /// Is the account's.
        There,
        /// Is left out.
        LeftOut,
        /// Is another one, always the same.
        Another,
    }
    /// What the fault `too-many` answers where it names no seconds.
    too_many: TooMany, Often {
        /// 429 alone.
        Alone,
        /// 429 with a `Retry-After` of one second.
        Seconds,
        /// What was asked for, half a second later.
        Slow,
    }
    /// What is unusual in the contact list.
    unusual: Unusual, Often {
        /// Nothing.
        Nothing,
        /// One contact's lists are `null`.
        NullList,
        /// One contact's first message has half a surrogate pair.
        LoneSurrogate,
        /// One row comes twice.
        RepeatedRow,
        /// One row more, whose values are of the wrong kinds.
        UnreadableRow,
        /// One contact's `creationDate` cannot be read.
        UnreadableDate,
    }
}
