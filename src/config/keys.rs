//! Every key of `schedules.toml`: what it takes, what it is where it is left out, and what it is for. The schema, the table in
//! the documentation and `config show` are made from this; a test holds it against the reader.

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Any text.
    Text,
    /// A path, relative to the file.
    Path,
    /// Such as `90s`, `10m` or `7d`.
    Duration,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A list of these.
    Choices(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// Where a secret is found: never the secret itself.
    Secret,
    /// `true`, `false` or `"auto"`.
    Readable,
    /// A table of texts by name.
    Names,
    /// A table with the keys that stand below this one.
    Table,
    /// A list of such tables.
    Tables,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its full name: `*` stands for a name of your own, `[]` for each table of a list.
    pub path: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it is where it is left out, as TOML; empty: nothing, or as `says` tells.
    pub default: &'static str,
    /// What it is for.
    pub says: &'static str,
}

/// What is typed where a form insists on an e-mail and there is none.
pub(super) const FILLER_MAILBOXES: &str = "[\"notiene@*mail.com\", \"notengo@*mail.com\", \"sincorreo@*mail.com\", \"sinemail@*mail.com\", \"sinmail@*mail.com\", \"noemail@*mail.com\", \"nomail@*mail.com\", \"naotem@*mail.com\", \"naotenho@*mail.com\", \"sincorreo@sincorreo.com\", \"sinmail@sinmail.com\", \"nomail@nomail.com\", \"noemail@noemail.com\", \"test@test.com\", \"prueba@prueba.com\", \"no@no.com\", \"no@tengo.com\", \"no@tiene.com\", \"a@a.com\", \"aa@aa.com\", \"x@x.com\", \"asd@asd.com\", \"na@na.com\"]";

const fn key(path: &'static str, takes: Takes, default: &'static str, says: &'static str) -> Key {
    Key { path, takes, default, says }
}

const DIRECTIONS: &[&str] = &["both", "to_ghl", "to_cliengo", "off"];
const CONFLICTS: &[&str] = &["ghl", "cliengo", "newest", "manual"];
const SIDES: &[&str] = &["ghl", "cliengo"];
use Takes::{
    Boolean, Choice, Choices, Duration, Names, Number, Path, Readable, Secret, Table, Tables, Text, Texts, Whole,
};

/// All of them, each table before what stands in it.
pub const KEYS: &[Key] = &[
    key("include", Texts, "", "further files with [pair.NAME] tables; * stands for anything"),
    key("state_dir", Path, "\"state\"", "where the state of each pair is kept"),
    key("max_parallel", Whole, "8", "pairs at a time"),
    key("patience", Duration, "\"10m\"", "how long a run waits in all for a CRM that answers 429, 5xx or not at all"),
    key("defaults", Table, "", "any key of a pair, for all pairs"),
    key("schedule", Tables, "", "when pairs run"),
    key("schedule[].name", Text, "", "its name"),
    key("schedule[].cron", Text, "", "five fields, or six with seconds"),
    key("schedule[].timezone", Text, "", "the zone in which cron is read"),
    key("schedule[].run", Choice(&["sync", "plan", "full"]), "\"sync\"", "what is run"),
    key("schedule[].pairs", Texts, "", "the pairs; left out: every pair"),
    key("schedule[].jitter", Duration, "\"5m\"", "a start is delayed by up to this much"),
    key("schedule[].catch_up", Boolean, "true", "a due time missed while down runs once at start"),
    key("daemon", Table, "", "what the daemon serves"),
    key("daemon.listen", Text, "", "address and port of the status page, /healthz and /metrics"),
    key("daemon.token", Secret, "", "what whoever asks must show"),
    key(
        "daemon.hooks",
        Secret,
        "",
        "takes POST /hooks/PAIR/cliengo/SECRET and /hooks/PAIR/ghl/SECRET as hints whom to look at",
    ),
    key("notify", Table, "", "who hears of a run"),
    key("notify.healthcheck", Secret, "", "an address that is asked at start, success and failure"),
    key("notify.webhook", Secret, "", "an address that gets counts and reasons as JSON"),
    key("notify.smtp", Table, "", "the mail server"),
    key("notify.smtp.host", Text, "", "its name"),
    key("notify.smtp.port", Whole, "", "its port; left out: 465, 587 with starttls, 25 with off"),
    key("notify.smtp.encryption", Choice(&["tls", "starttls", "off"]), "\"tls\"", "how it is spoken to"),
    key("notify.smtp.user", Text, "", "the user, where it asks for one"),
    key("notify.smtp.username", Text, "", "another name of user"),
    key("notify.smtp.password", Secret, "", "the password"),
    key("notify.email", Table, "", "who gets e-mail"),
    key("notify.email.from", Text, "", "the sender"),
    key("notify.email.to", Texts, "", "the receivers"),
    key("notify.on", Choices(&["always", "failure", "held"]), "[\"failure\", \"held\"]", "which runs are reported"),
    key("report", Table, "", "reports for people"),
    key("report.language", Choice(&["en", "es"]), "\"en\"", "their language; JSON stays English"),
    key("report.timezone", Text, "", "the zone of their times; left out: the schedule's, else the machine's"),
    key("report.dir", Path, "", "every run leaves report.html, report.json and changes.csv there"),
    key("report.mask", Boolean, "false", "names, e-mails and phones are masked in every format"),
    key("retention", Table, "", "how long history is kept"),
    key("retention.history_days", Whole, "90", "before-images and finished operations older than this are dropped"),
    key("agency.*", Table, "", "one credential of a GHL agency, for its locations"),
    key("agency.*.client_id", Text, "", "the app's client id"),
    key("agency.*.client_secret", Secret, "", "its client secret"),
    key("agency.*.key", Secret, "", "what the stored tokens are encrypted with"),
    key("agency.*.authorize_url", Text, "", "where its users consent; left out: GHL's own page"),
    key("pair.*", Table, "", "a Cliengo account and a GHL location"),
    key("pair.*.sandbox", Boolean, "false", "both CRMs are embedded: no account is needed"),
    key("pair.*.region", Text, "", "country of phones without one; left out: the GHL location's"),
    key("pair.*.settle", Duration, "\"120s\"", "how long an unknown outcome rests before it is read back"),
    key("pair.*.cliengo", Table, "", "the Cliengo account"),
    key("pair.*.cliengo.base_url", Text, "\"https://api.cliengo.com/1.0\"", "its API"),
    key("pair.*.cliengo.allow_http", Boolean, "false", "plain http, for a loopback or test address only"),
    key("pair.*.cliengo.api_key", Secret, "", "the API key"),
    key("pair.*.cliengo.auth", Choice(&["query", "bearer", "jwt"]), "\"query\"", "how the key is given"),
    key("pair.*.cliengo.website_id", Text, "", "the website under which contacts are created"),
    key("pair.*.cliengo.requests_per_second", Number, "2", "the pace; 0: none (rehearsals)"),
    key("pair.*.cliengo.page_size", Whole, "50", "rows a page"),
    key("pair.*.cliengo.min_age", Duration, "\"15m\"", "younger contacts are left for the next run"),
    key("pair.*.cliengo.placeholder_names", Texts, "[]", "names that stand for nobody, beside the built-in ones"),
    key(
        "pair.*.cliengo.tasks",
        Choice(&["auto", "resource", "due_date", "notes", "off"]),
        "\"auto\"",
        "how Cliengo keeps tasks",
    ),
    key(
        "pair.*.cliengo.longest_text",
        Whole,
        "",
        "letters of a note's or task's text that it takes: a longer one is cut, with a word where the rest stands",
    ),
    key("pair.*.cliengo.web_url", Text, "\"https://app.cliengo.com/contacts/{id}\"", "where a contact is opened"),
    key("pair.*.cliengo.capabilities", Table, "", "what no probe can settle"),
    key("pair.*.cliengo.capabilities.contact_delete", Boolean, "true", "contacts can be deleted"),
    key("pair.*.cliengo.capabilities.tags_read", Readable, "\"auto\"", "listings show tags"),
    key("pair.*.cliengo.capabilities.tag_remove", Boolean, "false", "tags can be removed"),
    key("pair.*.cliengo.capabilities.note_update", Boolean, "false", "notes can be edited"),
    key("pair.*.cliengo.capabilities.note_delete", Boolean, "false", "notes can be deleted"),
    key(
        "pair.*.cliengo.capabilities.extra_params",
        Choice(&["off", "merge", "replace"]),
        "\"off\"",
        "whether extra parameters are written",
    ),
    key("pair.*.ghl", Table, "", "the GHL location"),
    key("pair.*.ghl.base_url", Text, "\"https://services.leadconnectorhq.com\"", "its API"),
    key("pair.*.ghl.allow_http", Boolean, "false", "plain http, for a loopback or test address only"),
    key("pair.*.ghl.location_id", Text, "", "the location (sub-account)"),
    key("pair.*.ghl.token", Secret, "", "a private integration token; or oauth"),
    key("pair.*.ghl.oauth", Table, "", "an app of GHL's marketplace, or an agency's"),
    key("pair.*.ghl.oauth.agency", Text, "", "the name of an [agency.NAME]"),
    key("pair.*.ghl.oauth.client_id", Text, "", "the app's client id"),
    key("pair.*.ghl.oauth.client_secret", Secret, "", "its client secret"),
    key("pair.*.ghl.oauth.key", Secret, "", "what the stored tokens are encrypted with"),
    key("pair.*.ghl.oauth.authorize_url", Text, "", "where its users consent; left out: GHL's own page"),
    key("pair.*.ghl.version", Text, "\"2021-07-28\"", "the API's version"),
    key("pair.*.ghl.page_size", Whole, "100", "rows a page"),
    key("pair.*.ghl.daily_budget", Number, "0.5", "share of the day's quota that one run may use"),
    key(
        "pair.*.ghl.longest_text",
        Whole,
        "",
        "letters of a note's or task's text that it takes: a longer one is cut, with a word where the rest stands",
    ),
    key(
        "pair.*.ghl.web_url",
        Text,
        "\"https://app.gohighlevel.com/v2/location/{location}/contacts/detail/{id}\"",
        "where a contact is opened",
    ),
    key("pair.*.contacts", Table, "", "how contacts are carried over"),
    key("pair.*.contacts.direction", Choice(DIRECTIONS), "\"both\"", "which way they go"),
    key("pair.*.contacts.conflict", Choice(CONFLICTS), "\"ghl\"", "whose value is kept where both changed it"),
    key("pair.*.contacts.conflict_fallback", Choice(SIDES), "\"ghl\"", "where newest cannot tell"),
    key(
        "pair.*.contacts.on_delete",
        Choice(&["propagate", "mark", "ignore"]),
        "\"ignore\"",
        "what a delete on one side does to the other",
    ),
    key("pair.*.contacts.match", Choices(&["email", "phone"]), "[\"email\", \"phone\"]", "what people are matched by"),
    key("pair.*.contacts.duplicates", Choice(&["hold", "primary"]), "\"hold\"", "further contacts of one person"),
    key(
        "pair.*.contacts.placeholder_emails",
        Texts,
        FILLER_MAILBOXES,
        "e-mails that stand for nobody, * is anything; [] takes every one for somebody's",
    ),
    key("pair.*.tasks", Table, "", "how tasks are carried over"),
    key("pair.*.tasks.direction", Choice(DIRECTIONS), "\"both\"", "which way they go"),
    key("pair.*.tasks.conflict", Choice(CONFLICTS), "\"ghl\"", "whose value is kept where both changed it"),
    key("pair.*.tasks.conflict_fallback", Choice(SIDES), "\"ghl\"", "where newest cannot tell"),
    key("pair.*.tasks.on_delete", Choice(&["propagate", "ignore"]), "\"propagate\"", "what a delete does"),
    key("pair.*.tasks.match", Choices(&["email", "phone"]), "[\"email\", \"phone\"]", "as for contacts"),
    key("pair.*.tasks.duplicates", Choice(&["hold"]), "\"hold\"", "as for contacts"),
    key("pair.*.tasks.default_due", Duration, "\"7d\"", "for a task without a date"),
    key("pair.*.tasks.map", Tables, "", "fields of tasks by name: rules of their own, and further fields"),
    key("pair.*.tasks.map[].cliengo", Text, "", "Cliengo's field"),
    key("pair.*.tasks.map[].ghl", Text, "", "GHL's field"),
    key("pair.*.tasks.map[].direction", Choice(DIRECTIONS), "", "which way it goes; left out: as tasks"),
    key("pair.*.tasks.map[].conflict", Choice(CONFLICTS), "", "whose value is kept; left out: as tasks"),
    key("pair.*.tasks.map[].transform", Texts, "[]", "as for contacts"),
    key("pair.*.tasks.map[].values", Names, "{}", "Cliengo's words, and GHL's for each"),
    key("pair.*.notes", Table, "", "how notes are carried over"),
    key("pair.*.notes.direction", Choice(DIRECTIONS), "\"both\"", "which way they go"),
    key("pair.*.notes.conflict", Choice(CONFLICTS), "\"ghl\"", "whose value is kept where both changed it"),
    key("pair.*.notes.conflict_fallback", Choice(SIDES), "\"ghl\"", "where newest cannot tell"),
    key("pair.*.notes.on_delete", Choice(&["propagate", "ignore"]), "\"propagate\"", "what a delete does"),
    key("pair.*.notes.match", Choices(&["email", "phone"]), "[\"email\", \"phone\"]", "as for contacts"),
    key("pair.*.notes.duplicates", Choice(&["hold"]), "\"hold\"", "as for contacts"),
    key("pair.*.notes.fetch", Choice(&["all", "changed", "auto"]), "\"auto\"", "whose notes a run lists"),
    key("pair.*.notes.rotation", Duration, "\"7d\"", "within which everybody's are listed"),
    key("pair.*.notes.append_edit", Boolean, "false", "where a note cannot be edited: its new text as a further note"),
    key("pair.*.notes.map", Tables, "", "fields of notes by name: rules of their own, and further fields"),
    key("pair.*.notes.map[].cliengo", Text, "", "Cliengo's field"),
    key("pair.*.notes.map[].ghl", Text, "", "GHL's field"),
    key("pair.*.notes.map[].direction", Choice(DIRECTIONS), "", "which way it goes; left out: as notes"),
    key("pair.*.notes.map[].conflict", Choice(CONFLICTS), "", "whose value is kept; left out: as notes"),
    key("pair.*.notes.map[].transform", Texts, "[]", "as for contacts"),
    key("pair.*.notes.map[].values", Names, "{}", "Cliengo's words, and GHL's for each"),
    key("pair.*.timeline", Table, "", "opt-in"),
    key("pair.*.timeline.appointments", Boolean, "false", "GHL appointments as notes on Cliengo"),
    key("pair.*.timeline.conversations", Boolean, "false", "Cliengo conversations as notes on GHL"),
    key("pair.*.timeline.attribution", Boolean, "false", "where a lead came from, as one note on GHL"),
    key("pair.*.triggers", Table, "", "opt-in, once for each contact first created from Cliengo"),
    key("pair.*.triggers.tag", Text, "", "a tag"),
    key("pair.*.triggers.workflow", Text, "", "a workflow, by id or name"),
    key("pair.*.triggers.campaign", Text, "", "a campaign, by id or name"),
    key("pair.*.triggers.at_first_sync", Boolean, "false", "whom a first sync creates too"),
    key("pair.*.trigger", Tables, "", "further ones: when a field or tag becomes something, on either side"),
    key("pair.*.trigger[].when", Table, "", "the condition"),
    key("pair.*.trigger[].when.field", Text, "", "tags, or a mapped field"),
    key("pair.*.trigger[].when.becomes", Text, "", "the tag, or the value in the word of either CRM"),
    key("pair.*.trigger[].tag", Text, "", "a tag"),
    key("pair.*.trigger[].workflow", Text, "", "a workflow, by id or name"),
    key("pair.*.trigger[].campaign", Text, "", "a campaign, by id or name"),
    key(
        "pair.*.assignees",
        Names,
        "",
        "Cliengo's users and GHL's whose e-mails differ; the table, even empty, lets assignees go over",
    ),
    key("pair.*.map", Tables, "", "fields beyond name, e-mail, phone and tags"),
    key("pair.*.map[].cliengo", Text, "", "Cliengo's field"),
    key(
        "pair.*.map[].ghl",
        Text,
        "",
        "GHL's field: customFields. with a key, name or id, or companyName, gender, address1, city, state, postalCode, country, website, timezone, source, dateOfBirth, assignedTo, dnd, followers (only read: direction = \"to_cliengo\")",
    ),
    key("pair.*.map[].direction", Choice(DIRECTIONS), "", "which way it goes; left out: as contacts"),
    key("pair.*.map[].conflict", Choice(CONFLICTS), "", "whose value is kept; left out: as contacts"),
    key("pair.*.map[].transform", Texts, "[]", "trim, lower, upper, number, boolean, date:, first:, join:, split:"),
    key("pair.*.map[].values", Names, "{}", "Cliengo's words, and GHL's for each"),
    key("pair.*.scope", Table, "", "who takes part; whoever leaves it is never deleted"),
    key("pair.*.scope.cliengo_websites", Texts, "[]", "contacts of these websites"),
    key("pair.*.scope.cliengo_statuses", Texts, "[]", "contacts of these statuses: NEW, ACTIVE, LONG_TERM, CLIENT"),
    key("pair.*.scope.ghl_business_id", Text, "", "contacts of this business"),
    key("pair.*.scope.ghl_tags", Texts, "[]", "contacts with one of these tags"),
    key("pair.*.scope.since", Text, "", "contacts created since this day"),
    key("pair.*.guard", Table, "", "what stops a plan that is too large, for each side and kind"),
    key("pair.*.guard.first_sync", Choice(&["approve", "auto"]), "\"approve\"", "whether a first sync waits"),
    key("pair.*.guard.delete_percent", Number, "10", "deletes, in percent of the records"),
    key("pair.*.guard.delete_count", Whole, "50", "deletes"),
    key("pair.*.guard.update_percent", Number, "30", "updates, in percent of the records"),
    key("pair.*.guard.update_count", Whole, "5000", "updates"),
    key("pair.*.guard.create_percent", Number, "30", "creates, in percent of the records"),
    key("pair.*.guard.create_count", Whole, "500", "creates"),
    key("pair.*.guard.shrink_percent", Number, "10", "how much a listing may shrink before it is doubted"),
    key("pair.*.guard.min_records", Whole, "10", "below this many records percentages stop nothing"),
];
