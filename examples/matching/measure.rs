//! What matching makes of a labelled set, against what is right.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use concord::config::Config;
use concord::reconcile::{Input, MatchedBy, Mode, Plan, Unlinked, reconcile};
use concord::record::{Action, Both, ByKind, Capabilities, Forms, Kind, KindCapabilities, Side, SideId};

use super::people::{Pair, WITHOUT_KEY, Written};

/// What came of one class of pairs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Pairs of one person.
    pub same: u32,
    /// Of those: who have a key in common, however it is written.
    pub usable: u32,
    /// Of those: linked.
    pub linked: u32,
    /// Of those: held, with both named.
    pub held: u32,
    /// Pairs of two.
    pub different: u32,
    /// Of those: linked.
    pub wrong: u32,
}

/// What came of all.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    pub classes: BTreeMap<&'static str, Tally>,
    /// By which key, how many links: right and wrong.
    pub keys: BTreeMap<&'static str, (u32, u32)>,
    /// Wrong links by name.
    pub wrong: Vec<String>,
    /// One person with a usable key who was not linked, by name.
    pub missed: Vec<String>,
}

impl Measure {
    pub fn recall(&self) -> f64 {
        let (usable, linked) = self
            .classes
            .values()
            .fold((0, 0), |(usable, linked), class| (usable + class.usable, linked + class.linked));
        if usable == 0 { 1.0 } else { f64::from(linked) / f64::from(usable) }
    }
}

/// Lets every pair meet alone, as a first sync would, and everybody at once.
pub fn measure(pairs: &[Pair]) -> Result<Measure, Box<dyn Error>> {
    let mut measure = Measure::default();
    let everybody = linked(&all(pairs, Side::Cliengo), &all(pairs, Side::Ghl))?;
    for pair in pairs {
        let tally = measure.classes.entry(pair.class).or_default();
        for ours in &pair.cliengo {
            for theirs in &pair.ghl {
                let by = everybody.get(&(id(ours, Side::Cliengo), id(theirs, Side::Ghl)));
                let is_one = ours.person == theirs.person;
                if let Some(by) = by {
                    let (right, wrong) = measure.keys.entry(by).or_default();
                    *(if is_one { right } else { wrong }) += 1;
                }
                let shown =
                    || format!("{}: {} {} / {} {}", pair.class, ours.name, ours.phone, theirs.name, theirs.phone);
                if !is_one {
                    tally.different += 1;
                    tally.wrong += u32::from(by.is_some());
                    measure.wrong.extend(by.map(|_| shown()));
                    continue;
                }
                tally.same += 1;
                if pair.class != WITHOUT_KEY {
                    tally.usable += 1;
                    tally.linked += u32::from(by.is_some());
                    tally.held += u32::from(by.is_none());
                    measure.missed.extend(by.is_none().then(shown));
                }
            }
        }
    }
    Ok(measure)
}

fn id(written: &Written, side: Side) -> String {
    let letter = if side == Side::Cliengo { 'c' } else { 'g' };
    format!("{letter}{}", written.person)
}

fn all(pairs: &[Pair], side: Side) -> Vec<Unlinked> {
    let written = pairs.iter().flat_map(|pair| if side == Side::Cliengo { &pair.cliengo } else { &pair.ghl });
    let unlinked = |written: &Written| Unlinked {
        kind: Kind::Contact,
        id: SideId::new(side, id(written, side)),
        parent: None,
        record: written.record(),
        retires: None,
    };
    written.map(unlinked).collect()
}

/// Who is linked with whom in a first sync of these, and by what.
/// Both ids of a link, and by what it came to be.
type Links = BTreeMap<(String, String), &'static str>;

fn linked(cliengo: &[Unlinked], ghl: &[Unlinked]) -> Result<Links, Box<dyn Error>> {
    let plan = plan(cliengo, ghl)?;
    let links = plan.operations.iter().filter(|operation| operation.action() == Action::Link);
    let ends = links.filter_map(|link| {
        let by = match link.link().and_then(|link| link.matched_by) {
            Some(MatchedBy::Email) => "e-mail",
            Some(MatchedBy::Phone) => "phone",
            _ => "other",
        };
        Some(((link.ids.of(Side::Cliengo)?.to_owned(), link.ids.of(Side::Ghl)?.to_owned()), by))
    });
    Ok(ends.collect())
}

fn plan(cliengo: &[Unlinked], ghl: &[Unlinked]) -> Result<Plan, Box<dyn Error>> {
    let text = "[pair.matching]\nsandbox = true\nregion = \"AR\"\n[pair.matching.cliengo]\nmin_age = \"0s\"\n";
    let config = Config::parse(text, Path::new("schedules.toml"))?;
    let pair = config.pairs.first().ok_or("there is no pair")?;
    let forms = Forms {
        region: Some(concord::record::Region::AR),
        zone: jiff::tz::TimeZone::UTC,
        placeholders: Vec::new(),
        placeholder_names: Vec::new(),
        mapped: Vec::new(),
        waiting: std::collections::BTreeSet::new(),
        members: None,
    };
    let can = KindCapabilities { list: true, create: true, update: true, ..KindCapabilities::default() };
    let kinds = ByKind { contact: can, ..ByKind::default() };
    let capabilities = Both::from_fn(|_| Capabilities { kinds: kinds.clone(), ..Capabilities::default() });
    let now = "2026-11-23T03:00:00Z".parse().unwrap_or_default();
    let mut input = Input::unlisted(pair, &forms, Mode::Incremental, now, capabilities, ByKind::default());
    input.first_sync = true;
    for side in Side::BOTH {
        input.listings.of_mut(side).contact.complete = true;
    }
    input.unlinked = Both { cliengo: cliengo.to_vec(), ghl: ghl.to_vec() };
    Ok(reconcile(&input))
}
