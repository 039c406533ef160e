//! The durable copy of the world: one row of JSON per record, in `SQLite`.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::SandboxError;
use super::data::{
    CliengoContact, CliengoNote, CliengoTask, Data, DeletedContact, GhlContact, GhlNote, GhlResource, GhlTag, GhlTask,
    Identity, Moment, Row, Table,
};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id));
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// An open file.
#[derive(Debug)]
pub(super) struct Disk {
    connection: Connection,
    /// `SQLite`'s `data_version` when the working copy was last equal to the file.
    version: i64,
}

impl Disk {
    pub(super) fn open(path: &Path) -> Result<Self, SandboxError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| SandboxError::Folder { path: folder.to_owned(), source })?;
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        // A crash of the machine may cost a rehearsal, never a customer: speed over durability.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.execute_batch(SCHEMA)?;
        let version = data_version(&connection)?;
        Ok(Self { connection, version })
    }

    /// Whether another process wrote since this one last read or wrote.
    pub(super) fn changed_elsewhere(&mut self) -> Result<bool, SandboxError> {
        let version = data_version(&self.connection)?;
        Ok(std::mem::replace(&mut self.version, version) != version)
    }

    /// The world in the file; `None` in a new one.
    pub(super) fn load(&self) -> Result<Option<Data>, SandboxError> {
        let meta = |key: &str| -> Result<Option<String>, SandboxError> {
            let query = "SELECT value FROM meta WHERE key = ?1";
            Ok(self.connection.query_row(query, [key], |row| row.get(0)).optional()?)
        };
        let (Some(identity), Some(counter)) = (meta("identity")?, meta("counter")?) else { return Ok(None) };
        let identity: Identity = serde_json::from_str(&identity)?;
        let mut data = Data::empty(identity.seed);
        data.identity = identity;
        data.counter = counter.parse().unwrap_or(data.counter);
        let moment = Moment { now: 0, lag: 0, lag_requests: 0 };
        self.rows::<CliengoContact>(|row| data.cliengo.contacts.save(row))?;
        self.rows::<CliengoNote>(|row| data.cliengo.notes.save(row))?;
        self.rows::<CliengoTask>(|row| data.cliengo.tasks.save(row))?;
        self.rows::<DeletedContact>(|row| data.cliengo.deleted.save(row))?;
        self.rows::<GhlContact>(|row| data.ghl.save_contact(row, moment))?;
        self.rows::<GhlNote>(|row| data.ghl.notes.save(row))?;
        self.rows::<GhlTask>(|row| data.ghl.save_task(row, moment))?;
        self.rows::<GhlTag>(|row| data.ghl.tags.save(row))?;
        self.rows::<GhlResource>(|row| data.ghl.resources.save(row))?;
        forget(&mut data);
        Ok(Some(data))
    }

    fn rows<T: Row>(&self, mut take: impl FnMut(T)) -> Result<(), SandboxError> {
        // `rowid` is the order in which the records came: it orders what has equal dates.
        let mut query = self.connection.prepare("SELECT body FROM record WHERE kind = ?1 ORDER BY rowid")?;
        let mut rows = query.query([T::NAME])?;
        while let Some(row) = rows.next()? {
            take(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
        Ok(())
    }

    /// Writes what changed, in one transaction; `all` replaces the file's whole content.
    pub(super) fn commit(&mut self, data: &mut Data, all: bool) -> Result<(), SandboxError> {
        let changes = Touched::take(data);
        if changes.is_empty() && !all {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        if all {
            transaction.execute_batch("DELETE FROM record; DELETE FROM meta;")?;
        }
        write(&transaction, &data.cliengo.contacts, &changes.cliengo_contacts)?;
        write(&transaction, &data.cliengo.notes, &changes.cliengo_notes)?;
        write(&transaction, &data.cliengo.tasks, &changes.cliengo_tasks)?;
        write(&transaction, &data.cliengo.deleted, &changes.cliengo_deleted)?;
        write(&transaction, &data.ghl.contacts, &changes.ghl_contacts)?;
        write(&transaction, &data.ghl.notes, &changes.ghl_notes)?;
        write(&transaction, &data.ghl.tasks, &changes.ghl_tasks)?;
        write(&transaction, &data.ghl.tags, &changes.ghl_tags)?;
        write(&transaction, &data.ghl.resources, &changes.ghl_resources)?;
        let mut meta = transaction.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
        meta.execute(params!["counter", data.counter.to_string()])?;
        meta.execute(params!["identity", serde_json::to_string(&data.identity)?])?;
        drop(meta);
        transaction.commit()?;
        Ok(())
    }
}

/// Forgets what changed: the file has it, or there is no file.
pub(super) fn forget(data: &mut Data) {
    Touched::take(data);
}

/// The ids that changed in each table.
struct Touched {
    cliengo_contacts: Vec<String>,
    cliengo_notes: Vec<String>,
    cliengo_tasks: Vec<String>,
    cliengo_deleted: Vec<String>,
    ghl_contacts: Vec<String>,
    ghl_notes: Vec<String>,
    ghl_tasks: Vec<String>,
    ghl_tags: Vec<String>,
    ghl_resources: Vec<String>,
}

impl Touched {
    fn take(data: &mut Data) -> Self {
        Self {
            cliengo_contacts: data.cliengo.contacts.take_touched(),
            cliengo_notes: data.cliengo.notes.take_touched(),
            cliengo_tasks: data.cliengo.tasks.take_touched(),
            cliengo_deleted: data.cliengo.deleted.take_touched(),
            ghl_contacts: data.ghl.contacts.take_touched(),
            ghl_notes: data.ghl.notes.take_touched(),
            ghl_tasks: data.ghl.tasks.take_touched(),
            ghl_tags: data.ghl.tags.take_touched(),
            ghl_resources: data.ghl.resources.take_touched(),
        }
    }

    fn is_empty(&self) -> bool {
        let all = [
            &self.cliengo_contacts,
            &self.cliengo_notes,
            &self.cliengo_tasks,
            &self.cliengo_deleted,
            &self.ghl_contacts,
            &self.ghl_notes,
            &self.ghl_tasks,
            &self.ghl_tags,
            &self.ghl_resources,
        ];
        all.iter().all(|ids| ids.is_empty())
    }
}

fn write<T: Row>(transaction: &Transaction<'_>, table: &Table<T>, ids: &[String]) -> Result<(), SandboxError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut save = transaction.prepare_cached(
        "INSERT INTO record (kind, id, body) VALUES (?1, ?2, ?3) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
    )?;
    let mut remove = transaction.prepare_cached("DELETE FROM record WHERE kind = ?1 AND id = ?2")?;
    for id in ids {
        match table.get(id) {
            Some(row) => save.execute(params![T::NAME, id, serde_json::to_string(row.as_ref())?])?,
            None => remove.execute(params![T::NAME, id])?,
        };
    }
    Ok(())
}

fn data_version(connection: &Connection) -> Result<i64, SandboxError> {
    Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
}
