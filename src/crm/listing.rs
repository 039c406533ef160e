//! What both CRMs' listings share: how one fails, and the children of many contacts at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt, stream};

use super::{Coverage, CrmError, Listed, RawRecord, Sink, SinkError};
use crate::record::{Kind, RemoteId};

/// So many contacts in a row whose list could not be read are a reason to ask whether the CRM answers at all.
const IN_A_ROW: usize = 10;

/// A page of the newest contacts.
#[derive(Debug)]
pub struct Newest<I> {
    /// How many rows it had.
    pub rows: usize,
    /// Those that are somebody.
    pub records: Vec<RawRecord<I>>,
}

/// An id without its text, by which a listing knows what came before: of millions none is another's by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct IdHash([u8; 16]);

impl IdHash {
    pub(super) fn of(id: &impl RemoteId) -> Self {
        let mut first = [0; 16];
        blake3::Hasher::new().update(id.as_str().as_bytes()).finalize_xof().fill(&mut first);
        Self(first)
    }
}

/// How a listing ends early.
#[derive(Debug)]
pub(super) enum Failed {
    /// The run ends: credentials, quota, a stop, the sink.
    Run(CrmError),
    /// The CRM could not be read (`semantics` 52).
    Unread(CrmError),
    /// The contact whose list it is, is gone, as the CRM says.
    Gone(CrmError),
    /// It was read, and proves nothing; this is why.
    Void(String),
}

impl From<CrmError> for Failed {
    fn from(error: CrmError) -> Self {
        match error {
            CrmError::Blocked { .. } | CrmError::Unavailable { .. } | CrmError::Protocol { .. } => Self::Unread(error),
            _ => Self::Run(error),
        }
    }
}

impl From<SinkError> for Failed {
    fn from(error: SinkError) -> Self {
        Self::Run(error.into())
    }
}

/// `semantics` 49: whether so few rows cannot be told whose they are that the others count. Where all or many have no id, it
/// is the listing that is broken.
pub(super) fn are_few(unreadable: usize, rows: usize) -> Result<(), String> {
    if unreadable == 0 || unreadable < rows && unreadable <= (rows / 10).max(1) {
        return Ok(());
    }
    Err(format!("{unreadable} of {rows} rows have no id"))
}

/// The lists of many contacts' children, as far as they came.
struct Lists<'a, I> {
    kind: Kind,
    sink: &'a dyn Sink<I>,
    covered: BTreeSet<I>,
    /// Under whom each child came.
    homes: HashMap<IdHash, IdHash>,
    unread: BTreeMap<I, String>,
    gone: BTreeSet<I>,
    /// What the first of the contacts said that could not be read, as long as none could.
    nothing: Option<CrmError>,
    in_a_row: usize,
    /// Who was refused as if the credentials were at fault, and the last such answer. (`semantics` 57)
    refused: Vec<I>,
    refusal: Option<CrmError>,
}

impl<'a, I: RemoteId> Lists<'a, I> {
    fn new(kind: Kind, sink: &'a dyn Sink<I>) -> Self {
        let (covered, homes, unread, gone) = (BTreeSet::new(), HashMap::new(), BTreeMap::new(), BTreeSet::new());
        let (refused, refusal) = (Vec::new(), None);
        Self { kind, sink, covered, homes, unread, gone, nothing: None, in_a_row: 0, refused, refusal }
    }

    /// Takes in one contact's list. One that could not be read is that contact's (`semantics` 57).
    fn take(&mut self, parent: I, listing: Result<Vec<RawRecord<I>>, Failed>) -> Result<(), CrmError> {
        self.sink.asked(self.kind);
        if matches!(listing, Err(Failed::Gone(_))) {
            self.gone.insert(parent.clone());
        }
        let records = match listing {
            Ok(records) => records,
            Err(Failed::Run(error @ CrmError::Credentials { .. })) => {
                self.in_a_row += 1;
                self.leave(parent.clone(), error.clone().of_one_record().to_string());
                self.refused.push(parent);
                self.refusal = Some(error);
                return Ok(());
            }
            Err(Failed::Run(error)) => return Err(error),
            Err(Failed::Unread(error) | Failed::Gone(error)) => {
                self.in_a_row += 1;
                self.leave(parent, error.to_string());
                if self.covered.is_empty() {
                    self.nothing.get_or_insert(error);
                }
                return Ok(());
            }
            Err(Failed::Void(why)) => {
                self.leave(parent, why);
                return Ok(());
            }
        };
        self.in_a_row = 0;
        self.nothing = None;
        // A child under two contacts moved while they were listed: the later list proves nothing.
        let home = IdHash::of(&parent);
        let mut moved = false;
        for record in &records {
            moved |= self.homes.insert(IdHash::of(&record.id), home).is_some_and(|before| before != home);
        }
        if moved {
            self.leave(parent, format!("a {} of it moved while it was listed", self.kind));
        } else {
            self.sink.listed(self.kind, &parent, &records);
            self.covered.insert(parent);
        }
        if records.is_empty() { Ok(()) } else { Ok(self.sink.put(self.kind, records)?) }
    }

    /// Whom to read so as to tell whether the CRM answers: somebody whose list it gave, where others are refused.
    fn witness(&self, last: I) -> I {
        self.refused.first().and_then(|_| self.covered.first().cloned()).unwrap_or(last)
    }

    /// The refusal of the credentials, where nobody's list was given: several who are refused, and nobody else, are no matter
    /// of their own.
    fn refusal_of_all(&mut self) -> Option<CrmError> {
        self.refusal.take().filter(|_| self.covered.is_empty() && self.refused.len() > 1)
    }

    /// Why the CRM cannot be read, where many contacts in a row could not and it does not answer for one of them either.
    async fn doubt<A>(&mut self, last: I, answers: &(impl Fn(I) -> A + Sync)) -> Result<Option<CrmError>, CrmError>
    where
        A: Future<Output = Result<(), CrmError>> + Send,
    {
        if self.in_a_row < IN_A_ROW {
            return Ok(None);
        }
        self.in_a_row = 0;
        if let Some(refusal) = self.refusal_of_all() {
            return Err(refusal);
        }
        match answers(self.witness(last)).await.map_err(Failed::from) {
            Err(Failed::Run(error)) => Err(error),
            Err(Failed::Unread(error) | Failed::Gone(error)) => Ok(Some(error)),
            Err(Failed::Void(_)) | Ok(()) => Ok(None),
        }
    }

    /// Whether the credentials are taken still, where somebody was refused: those whose lists came show it.
    async fn judge_refusals<A>(&mut self, answers: &(impl Fn(I) -> A + Sync)) -> Result<(), CrmError>
    where
        A: Future<Output = Result<(), CrmError>> + Send,
    {
        let Some(last) = self.refused.last().cloned() else { return Ok(()) };
        if let Some(refusal) = self.refusal_of_all() {
            return Err(refusal);
        }
        match answers(self.witness(last)).await.map_err(Failed::from) {
            Err(Failed::Run(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// What came of all of them. Whom a CRM that could not be read left over was not read either.
    fn listed(mut self, parents: &[I], failed: Option<CrmError>) -> Listed<I> {
        if let Some(error) = &failed {
            let is_left = |parent: &&I| !self.covered.contains(*parent) && !self.unread.contains_key(*parent);
            let left: Vec<I> = parents.iter().filter(is_left).cloned().collect();
            self.unread.extend(left.into_iter().map(|parent| (parent, error.to_string())));
        }
        // One contact alone may be at fault itself; several, and nobody else, are not.
        let failed = failed.or_else(|| self.nothing.take().filter(|_| self.unread.len() > 1));
        Listed {
            count: self.homes.len() as u64,
            coverage: Coverage::Parents(self.covered),
            account: None,
            tags_seen: false,
            places_told: true,
            unidentified: Vec::new(),
            unread: self.unread,
            gone: self.gone,
            failed,
        }
    }

    fn leave(&mut self, parent: I, why: String) {
        if self.gone.contains(&parent) {
            tracing::info!(side = %I::SIDE, kind = %self.kind, %parent, why, "a contact is gone, and its list with it");
        } else {
            tracing::warn!(side = %I::SIDE, kind = %self.kind, %parent, why, "a contact's list could not be read");
        }
        self.unread.insert(parent, why);
    }
}

/// Lists the children of `parents`, `concurrency` contacts at a time. A contact that fails is not covered. Where many fail in
/// a row, `answers` reads the last of these contacts itself: where that fails too, nobody else is asked.
pub(super) async fn children<I, F, A>(
    kind: Kind,
    parents: &[I],
    concurrency: usize,
    sink: &dyn Sink<I>,
    list_one: impl Fn(I) -> F + Send,
    answers: impl Fn(I) -> A + Send + Sync,
) -> Result<Listed<I>, CrmError>
where
    I: RemoteId,
    F: Future<Output = Result<Vec<RawRecord<I>>, Failed>> + Send,
    A: Future<Output = Result<(), CrmError>> + Send,
{
    let mut lists = Lists::new(kind, sink);
    let mut failed = None;
    {
        let mut asked = stream::iter(parents.iter().cloned())
            .map(|parent| {
                let recalled = sink.recall(kind, &parent);
                let listing = recalled.is_none().then(|| list_one(parent.clone()));
                async move {
                    match (recalled, listing) {
                        (None, Some(listing)) => (parent, listing.await),
                        (recalled, _) => (parent, Ok(recalled.unwrap_or_default())),
                    }
                }
            })
            .buffer_unordered(concurrency.max(1));
        while let Some((parent, listing)) = asked.next().await {
            if matches!(listing, Err(Failed::Run(CrmError::Quota { .. }))) {
                // What came is kept: the next run goes on with the others.
                break;
            }
            let asked_last = parent.clone();
            lists.take(parent, listing)?;
            failed = lists.doubt(asked_last, &answers).await?;
            if failed.is_some() {
                break;
            }
        }
    }
    if failed.is_none() {
        lists.judge_refusals(&answers).await?;
    }
    Ok(lists.listed(parents, failed))
}
