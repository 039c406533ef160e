//! What both CRMs' listings share: how one fails, and the children of many contacts at once.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt, stream};

use super::{Coverage, CrmError, Listed, RawRecord, Sink, SinkError};
use crate::record::{Kind, RemoteId};

/// How a listing ends early.
#[derive(Debug)]
pub(super) enum Failed {
    /// The run ends: credentials, quota, a stop, the sink.
    Run(CrmError),
    /// The listing proves nothing; this is why.
    Void(String),
}

impl From<CrmError> for Failed {
    fn from(error: CrmError) -> Self {
        match error {
            CrmError::Blocked { .. } | CrmError::Unavailable { .. } | CrmError::Protocol { .. } => {
                Self::Void(error.to_string())
            }
            _ => Self::Run(error),
        }
    }
}

impl From<SinkError> for Failed {
    fn from(error: SinkError) -> Self {
        Self::Run(error.into())
    }
}

/// Lists the children of `parents`, `concurrency` contacts at a time. A contact that fails is not covered.
pub(super) async fn children<I, F>(
    kind: Kind,
    parents: &[I],
    concurrency: usize,
    sink: &dyn Sink<I>,
    list_one: impl Fn(I) -> F + Send,
) -> Result<Listed<I>, CrmError>
where
    I: RemoteId,
    F: Future<Output = Result<Vec<RawRecord<I>>, Failed>> + Send,
{
    let mut covered = BTreeSet::new();
    let mut homes: HashMap<I, I> = HashMap::new();
    let mut lists = stream::iter(parents.iter().cloned())
        .map(|parent| {
            let listing = list_one(parent.clone());
            async move { (parent, listing.await) }
        })
        .buffer_unordered(concurrency.max(1));
    while let Some((parent, listing)) = lists.next().await {
        sink.asked(kind);
        let records = match listing {
            Ok(records) => records,
            Err(Failed::Run(error)) => return Err(error),
            Err(Failed::Void(why)) => {
                tracing::warn!(side = %I::SIDE, %kind, %parent, why, "a contact's list could not be read");
                continue;
            }
        };
        // A child under two contacts moved while they were listed: the later list proves nothing.
        let moved = records.iter().any(|record| homes.get(&record.id).is_some_and(|home| *home != parent));
        homes.extend(records.iter().map(|record| (record.id.clone(), parent.clone())));
        if !moved {
            covered.insert(parent);
        }
        if !records.is_empty() {
            sink.put(kind, records)?;
        }
    }
    let count = homes.len() as u64;
    Ok(Listed { count, coverage: Coverage::Parents(covered), account: None, tags_seen: false })
}
