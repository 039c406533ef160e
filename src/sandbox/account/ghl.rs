//! In what GHL locations differ.

super::draw::switches! {
    /// How it says that a contact, a task or a note is gone.
    gone: Gone, Often {
        /// 400, `Contact with id X not found`.
        WithIdNotFound,
        /// 400, `Contact not found for id:X`.
        NotFoundForId,
        /// The first wording with 404.
        #[serde(rename = "with-id-not-found-404")]
        WithIdNotFound404,
        /// The second wording with 404.
        #[serde(rename = "not-found-for-id-404")]
        NotFoundForId404,
    }
    /// What a path that does not exist answers, always with 404.
    missing_path: MissingPath, Often {
        /// Nothing.
        Empty,
        /// A gateway's JSON.
        Json,
        /// A page of HTML.
        Html,
    }
    /// What becomes of a second contact with an e-mail or phone that is taken.
    duplicate: Duplicate, Often {
        /// Refused with 400; `meta` names contact and field.
        Refused,
        /// Refused with 400; `meta` names the contact only.
        RefusedWithoutField,
        /// Refused with 422.
        Unprocessable,
        /// Made.
        Allowed,
        /// Refused for an e-mail only.
        UniqueEmail,
        /// Refused for a phone only.
        UniquePhone,
    }
    /// What a contact's create answers.
    create_answer: CreateAnswer, Often {
        /// The contact under `contact`.
        Whole,
        /// The contact itself.
        WholeBare,
        /// Its id under `contact`.
        Id,
        /// Its id itself.
        IdBare,
    }
    /// How a phone is stored.
    phone_stored: PhoneStored, Often {
        /// As sent with a `+`, else as of Argentina.
        E164,
        /// As sent.
        AsSent,
        /// Without Argentina's 9.
        WithoutNine,
        /// Without Mexico's 1.
        WithoutOne,
    }
    /// How a name is stored.
    name_stored: NameStored, Often {
        /// As sent.
        AsSent,
        /// Each word with a capital.
        Capitalised,
        /// With single blanks.
        Trimmed,
        /// At most 100 characters.
        Cut,
        /// Emoji as `?`.
        WithoutEmoji,
    }
    /// Names in lower case beside the names.
    lower_case_names: LowerCaseNames, Often {
        /// There.
        Beside,
        /// Left out.
        LeftOut,
    }
    /// How an e-mail is stored.
    email_stored: EmailStored, Often {
        /// As sent.
        AsSent,
        /// In lower case.
        LowerCase,
        /// One with a plus sign is refused with 400.
        RefusedByName,
        /// One with a plus sign is refused with 422.
        RefusedAsList,
    }
    /// How a tag is stored.
    tag_stored: TagStored, Often {
        /// Trimmed, in lower case.
        TrimmedLowerCase,
        /// In lower case.
        LowerCase,
        /// As sent.
        AsSent,
        /// Trimmed, in lower case, at most 100 characters.
        Cut,
    }
    /// What `null` does in a PUT.
    put_null: PutNull, Often {
        /// Clears the field.
        Clears,
        /// Nothing.
        Ignored,
        /// Is refused with 422.
        Refused,
    }
    /// How `additionalEmails` and `additionalPhones` are shown.
    additional: Additional, Often {
        /// As a list of objects.
        Objects,
        /// As a list of texts.
        Texts,
        /// As `null`.
        Null,
        /// Not at all.
        LeftOut,
    }
    /// How values of custom fields are shown.
    custom_values: CustomValues, Often {
        /// As they were written.
        AsWritten,
        /// As texts.
        Texts,
        /// A field without a value with `null`.
        NullForEmpty,
        /// No `customFields` where there is no value.
        LeftOutWhenEmpty,
    }
    /// When a contact's `dateUpdated` moves, besides an edit of its own fields.
    date_updated: DateUpdated, Often {
        /// With its tags.
        WithTags,
        /// Never.
        Never,
        /// With its tags, notes and tasks.
        WithChildren,
    }
    /// How long both searches stay behind.
    search_lag: SearchLag, Often {
        /// Not at all.
        None,
        /// For two seconds.
        TwoSeconds,
        /// Until twenty further requests came.
        TwentyRequests,
        /// For three hours: longer than a run.
        WholeRun,
    }
    /// The `total` of a contact search.
    search_total: SearchTotal, Often {
        /// A number.
        Number,
        /// A text.
        Text,
        /// Of all contacts, although the search is filtered.
        OfAll,
        /// At most 10,000.
        Capped,
    }
    /// A `pageLimit` above 100.
    large_page: LargePage, Often {
        /// Is taken up to 500.
        Taken,
        /// Is refused with 422.
        Refused,
        /// Gives 100.
        Cut,
    }
    /// How the task search is paged.
    task_search: TaskSearch, Often {
        /// By `skip` or by `searchAfter`, with 200.
        Either,
        /// By `skip`, with 200; rows carry no cursor.
        BySkip,
        /// By `searchAfter`, with 201; `skip` does nothing.
        BySearchAfter,
    }
    /// The largest `limit` of the task search; more is refused with 422.
    task_limit: TaskLimit, Often {
        /// 100.
        Hundred,
        /// 500.
        FiveHundred,
    }
    /// Completed tasks in a search that does not ask for them.
    completed_tasks: CompletedTasks, Rarely {
        /// Are listed.
        Listed,
        /// Are left out.
        LeftOut,
    }
    /// Deleted tasks in a search.
    deleted_tasks: DeletedTasks, Often {
        /// Are left out.
        LeftOut,
        /// Are listed, with `deleted: true`.
        Listed,
    }
    /// The key of a task's id in a search.
    task_id: TaskId, Often {
        /// `_id`.
        Underscore,
        /// `id`.
        Plain,
    }
    /// How a note's text is stored.
    note_stored: NoteStored, Often {
        /// As sent.
        AsSent,
        /// Line breaks as `<br>`.
        Breaks,
        /// In a `<p>`.
        Paragraph,
        /// Entities escaped once more.
        Escaped,
        /// At most 5,000 characters.
        Cut,
    }
    /// A note's `bodyText`.
    note_text: NoteText, Often {
        /// Stands beside `body`.
        Beside,
        /// Is left out.
        LeftOut,
    }
    /// A note's `title` and `userId`.
    note_fields: NoteFields, Often {
        /// Stay when a PUT does not name them.
        Kept,
        /// Go when a PUT does not name them.
        Lost,
        /// Are never shown.
        LeftOut,
    }
    /// How many requests are allowed in ten seconds and a day, where limits are enforced.
    quota: Quota, Often {
        /// 100 and 200,000.
        Published,
        /// 25 and 10,000.
        Trial,
    }
    /// The headers that tell the limits.
    rate_headers: RateHeaders, Often {
        /// Are there.
        Told,
        /// Are left out.
        LeftOut,
        /// Have blanks around their numbers.
        WithBlanks,
    }
    /// How requests are counted.
    rate_window: RateWindow, Often {
        /// Over the last ten seconds.
        Sliding,
        /// From one tenth second to the next.
        Fixed,
    }
    /// When the day's quota begins again.
    daily_reset: DailyReset, Often {
        /// At midnight in UTC.
        Utc,
        /// At midnight where the location is.
        Location,
    }
    /// The `Retry-After` of a 429.
    retry_after: RetryAfter, Often {
        /// None.
        LeftOut,
        /// Two seconds.
        Seconds,
        /// A date, two seconds from now.
        Date,
        /// 0.
        Zero,
        /// A date in the past.
        PastDate,
        /// 300.
        FiveMinutes,
    }
    /// What the fault `server-error` answers.
    server_error: ServerError, Often {
        /// 502 with a gateway's page.
        Gateway,
        /// 500 with JSON.
        Json,
        /// 520 with Cloudflare's page.
        Cloudflare,
    }
    /// When the fault `server-error` strikes.
    server_error_comes: ServerErrorComes, Often {
        /// Before anything is done.
        Before,
        /// After the write was applied.
        After,
    }
    /// The firewall before the API: a 403 page of HTML.
    firewall: Firewall, Often {
        /// None.
        Off,
        /// For a body with `<script`.
        Scripts,
        /// For every request of a minute, once, from the sixtieth request on.
        Caller,
    }
    /// What the token is.
    token: Token, Never {
        /// A private integration's.
        PrivateIntegration,
        /// One of OAuth, for the location.
        OauthLocation,
        /// One of OAuth, for the agency: no location answers to it.
        OauthAgency,
    }
    /// The scope that the token lacks.
    missing_scope: MissingScope, Rarely {
        /// None.
        None,
        /// `locations/tasks.readonly`.
        Tasks,
        /// `locations.readonly`.
        Location,
        /// `users.readonly`.
        Users,
        /// `contacts.write`.
        Writing,
        /// `contacts.readonly`.
        Reading,
    }
    /// How a missing scope is told.
    scope_refusal: ScopeRefusal, Often {
        /// 401, `The token is not authorized for this scope.`
        Unauthorized,
        /// 403.
        Forbidden,
    }
    /// Notes and tasks of a contact that a person merges into another.
    merged_children: MergedChildren, Often {
        /// Move with their ids.
        KeepIds,
        /// Get new ids.
        NewIds,
    }
    /// The id of a contact that was merged into another.
    merged_contact: MergedContact, Often {
        /// Is gone.
        Gone,
        /// Shows the survivor.
        ShowsSurvivor,
    }
    /// A contact that a person deleted.
    person_deletes: PersonDeletes, Often {
        /// Is gone with its fields.
        ForGood,
        /// Comes back with its fields when it is restored under its id.
        Restorable,
    }
    /// Its clock, in the `Date` of its answers.
    clock: Clock, Often {
        /// Is right.
        Right,
        /// Is 90 seconds fast.
        Fast,
        /// Is ten minutes slow.
        Slow,
        /// There is no `Date`.
        Untold,
    }
}
