//! `links`: who is linked with whom, made and unmade by hand, and forgotten.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::arguments::{Format, LinksCommand, LinksOptions};
use super::link_standing::{gone, status};
use super::usage::Usage;
use super::{Session, clients, code, masking, output, pairs, person, waiting};
use crate::config::{Config, Pair};
use crate::reconcile::{MatchedBy, Mode};
use crate::record::{CliengoId, GhlId, Ids, Kind, MatchKey, Recognised, Record, RemoteId, Side, Value};
use crate::report::{self, Audience, Column, Report, in_quotes, table};
use crate::run::{self, ByHand, LinkError};
use crate::state::{LinkRow, LinkStatus, NamedLink, State};

pub(super) async fn run(session: &Session, options: &LinksOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let format = options.format;
    match &options.command {
        None => list(session, &config, None, format)?,
        Some(LinksCommand::List { kind }) => list(session, &config, *kind, format)?,
        Some(LinksCommand::Show { id }) => show(session, &config, id, format)?,
        Some(LinksCommand::Add { cliengo, ghl, kind, contact, dry_run }) => {
            let by_hand = ByHand {
                kind: *kind,
                cliengo: CliengoId::new(cliengo),
                ghl: GhlId::new(ghl),
                contact: contact.clone(),
            };
            add(session, &config, &by_hand, (*dry_run, format)).await?;
        }
        Some(LinksCommand::Remove { id, ghl: None }) => remove(session, &config, id, format)?,
        Some(LinksCommand::Remove { id, ghl: Some(ghl) }) => separate(session, &config, id, ghl, format)?,
        Some(LinksCommand::Forget { id, dry_run: true, .. }) => preview(session, &config, id, format)?,
        Some(LinksCommand::Forget { id, for_good: true, .. }) => forget(session, &config, id, format)?,
        Some(LinksCommand::Forget { id, .. }) => start_afresh(session, &config, id, format)?,
    }
    Ok(code::DONE)
}

/// The one link that `id` means.
fn one<'a>(session: &Session, config: &'a Config, id: &str) -> anyhow::Result<(&'a Pair, LinkRow)> {
    let links = |state: &State| Ok(Some(state.links_called(id)?).filter(|links| !links.is_empty()));
    let (pair, links) = waiting::find(session, config, ("link", id), links)?;
    let in_others = waiting::states(session, config)?.into_iter().filter(|(other, _)| other.name != pair.name);
    for (other, state) in in_others {
        if !state.links_called(id)?.is_empty() {
            let message = format!("{id} is a link of {} and of {}", pair.name, other.name);
            return Err(Usage { message, hint: pairs::say_which(&[pair, other]) }.into());
        }
    }
    match links.as_slice() {
        [link] => Ok((pair, link.clone())),
        several => {
            let numbers: Vec<String> = several.iter().map(|link| link.id.to_string()).collect();
            let message = format!("{id} stands in several links: {}", numbers.join(", "));
            Err(Usage { message, hint: "give the number of one of them".to_owned() }.into())
        }
    }
}

fn list(session: &Session, config: &Config, kind: Option<Kind>, format: Format) -> anyhow::Result<()> {
    let mut rows: Vec<(&Pair, NamedLink)> = Vec::new();
    for (pair, state) in waiting::states(session, config)? {
        rows.extend(state.links(kind)?.into_iter().map(|row| (pair, named(config, row))));
    }
    output::print(&match format {
        Format::Json => {
            let rows: Vec<Json> = rows.iter().map(|(pair, row)| document(pair, &row.link, &row.label)).collect();
            waiting::printed(&rows)?
        }
        Format::Text if rows.is_empty() => session.say("Nothing is linked.\n"),
        Format::Text => drawn(session, &rows),
    })
}

/// Named as in reports.
fn named(config: &Config, row: NamedLink) -> NamedLink {
    NamedLink { label: masking::label(config, row.link.kind, &row.label), ..row }
}

fn drawn(session: &Session, rows: &[(&Pair, NamedLink)]) -> String {
    let heads = [
        Column::whole("ID"),
        Column::cut(session.word("PAIR"), 12),
        Column::whole(session.word("KIND")),
        Column::whole(session.word("STATUS")),
        Column::whole("CLIENGO"),
        Column::whole("GHL"),
        Column::cut(session.word("NAME"), 60),
    ];
    let id = |row: &NamedLink, side: Side| row.link.ids.of(side).unwrap_or("-").to_owned();
    let cells = |(pair, row): &(&Pair, NamedLink)| {
        [
            row.link.id.to_string(),
            pair.name.clone(),
            session.word(row.link.kind.as_str()).to_owned(),
            session.say(&status(&row.link)),
            id(row, Side::Cliengo),
            id(row, Side::Ghl),
            row.label.clone(),
        ]
    };
    let rows: Vec<[String; 7]> = rows.iter().map(cells).collect();
    table(heads, &rows, output::style(&session.global, false))
}

fn document(pair: &Pair, link: &LinkRow, label: &str) -> Json {
    json!({
        "id": link.id,
        "pair": pair.name,
        "kind": link.kind,
        "status": link.status.as_str(),
        "role": link.role,
        "parent": link.parent,
        "ids": link.ids,
        "label": label,
    })
}

fn show(session: &Session, config: &Config, id: &str, format: Format) -> anyhow::Result<()> {
    let (pair, link) = one(session, config, id)?;
    let Some(state) = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))? else { return Ok(()) };
    let label = masking::label(config, link.kind, &state.last_label_of(&link)?);
    let under: Vec<(&Pair, NamedLink)> =
        state.links_under(link.id)?.into_iter().map(|row| (pair, named(config, row))).collect();
    let base = |side: Side| Ok::<_, anyhow::Error>(state.base(link.id, side)?.map(|base| base.record));
    let (cliengo, ghl) = (base(Side::Cliengo)?, base(Side::Ghl)?);
    let both = cliengo.as_ref().zip(ghl.as_ref()).filter(|_| link.kind == Kind::Contact);
    let on = both.and_then(|(cliengo, ghl)| Recognised::of(cliengo, ghl));
    let both_known = both.is_some();
    let on = on.map(|(key, on)| (key, masking::recognised(config, &on)));
    let [cliengo, ghl] = [cliengo, ghl].map(|record| record.map(|record| masking::record(config, &record)));
    let merged_from = person::merged_from_elsewhere(&state, &link)?;
    let gone = gone(&state, &link)?;
    if format == Format::Json {
        let mut document = document(pair, &link, &label);
        let fields = |record: Option<&Record>| record.map(person::fields);
        if let Some(entries) = document.as_object_mut() {
            let bases = json!({ "cliengo": fields(cliengo.as_ref()), "ghl": fields(ghl.as_ref()) });
            entries.insert("shadows".to_owned(), bases);
            entries.insert("merged_from".to_owned(), json!(merged_from));
            entries.insert("matched_on".to_owned(), json!(on.as_ref().map(|(_, on)| on)));
            entries.insert("matched_by".to_owned(), json!(on.as_ref().map(|(key, _)| MatchedBy::of(key))));
            let under: Vec<Json> =
                under.iter().map(|(pair, row)| self::document(pair, &row.link, &row.label)).collect();
            entries.insert("links".to_owned(), under.into());
        }
        return output::print(&waiting::printed(&document)?);
    }
    let id = |side: Side| link.ids.of(side).unwrap_or("-");
    let mut text = format!(
        "{}  {}{}, {}, in pair {}\nCliengo {}  GHL {}\n",
        link.id,
        link.kind,
        if label.is_empty() { String::new() } else { format!(" {}", in_quotes(&label)) },
        if link.status == LinkStatus::Retired { "no longer linked".to_owned() } else { status(&link) },
        pair.name,
        id(Side::Cliengo),
        id(Side::Ghl)
    );
    if let Some(parent) = link.parent {
        text.push_str(&format!("under link {parent}\n"));
    }
    if let Some(from) = &merged_from {
        text.push_str(&format!("{}\n", person::was_merged(from, id(Side::Ghl))));
    }
    if let Some(gone) = &gone {
        text.push_str(&format!("{}\n{}\n", gone.said(), gone.means()));
        text.extend(gone.remedy(pair, &link).map(|remedy| format!("{remedy}\n")));
    } else if link.kind == Kind::Contact {
        text.push_str(&match &on {
            Some((MatchKey::Email(_), on)) => format!("both have the e-mail {}\n", on.shown()),
            Some((MatchKey::Phone(_), on)) => format!("both have the phone {}\n", on.shown()),
            None if both_known => {
                "no e-mail or phone in common now: created from each other, linked by hand, or changed since\n"
                    .to_owned()
            }
            None => String::new(),
        });
    }
    text.push_str(&format!("\nLast agreed:\n{}", agreed(session, cliengo.as_ref(), ghl.as_ref())));
    if !under.is_empty() {
        text.push_str(&format!("\nUnder it:\n{}", drawn(session, &under)));
    }
    output::print(&output::fitted(&session.say(&text)))
}

/// Both bases, side by side.
fn agreed(session: &Session, cliengo: Option<&Record>, ghl: Option<&Record>) -> String {
    let fields: std::collections::BTreeSet<_> =
        [cliengo, ghl].into_iter().flatten().flat_map(|record| record.fields.keys()).collect();
    if fields.is_empty() {
        return "nothing yet\n".to_owned();
    }
    let value = |record: Option<&Record>, field| {
        record.and_then(|record| record.get(field)).map_or_else(|| session.say("not known"), Value::shown)
    };
    let rows: Vec<[String; 3]> = fields
        .into_iter()
        .map(|field| [session.words().field(field).to_owned(), value(cliengo, field), value(ghl, field)])
        .collect();
    let heads = [Column::cut(session.word("FIELD"), 16), Column::cut("CLIENGO", 38), Column::cut("GHL", 38)];
    table(heads, &rows, output::style(&session.global, false))
}

async fn add(
    session: &Session,
    config: &Config,
    by_hand: &ByHand,
    (dry_run, format): (bool, Format),
) -> anyhow::Result<()> {
    let selected = pairs::selected(session, config)?;
    let [pair] = selected.as_slice() else {
        let message = "a link is made in one pair".to_owned();
        return Err(Usage { message, hint: pairs::say_which(&selected) }.into());
    };
    let clients = clients::connect(session, config, pair).await?;
    let job = clients.job(session, config, pair, Mode::Incremental);
    let made = if dry_run { run::foresee_link(&job, by_hand).await } else { run::link_by_hand(&job, by_hand).await };
    let made = match made {
        Ok(made) => made,
        Err(LinkError::Refused { message, hint }) => return Err(Usage { message, hint }.into()),
        Err(LinkError::Run(error)) => return Err(error.into()),
    };
    let next = if config.report.mask { report::masked(&made.next) } else { made.next };
    let plan = &next.plan;
    output::print(&match format {
        Format::Json => {
            let document = json!({
                "id": if dry_run { Json::Null } else { made.link.into() },
                "pair": pair.name,
                "kind": by_hand.kind,
                "ids": { "cliengo": by_hand.cliengo, "ghl": by_hand.ghl },
                "settled_create": made.settled_create,
                "dry_run": dry_run,
                "next": {
                    "operations": plan.operations.iter().map(crate::reconcile::Operation::canonical).collect::<Vec<_>>(),
                    "conflicts": plan.conflicts,
                    "held": plan.held,
                    "unsupported": plan.unsupported,
                },
            });
            waiting::printed(&document)?
        }
        Format::Text => {
            let settled = if made.settled_create { "; this settles the create that got no answer" } else { "" };
            let audience = Audience::of(config, pair);
            let next = report::next(&Report::of(&next, &audience), output::style(&session.global, false));
            let next = if next.is_empty() { session.say("Nothing: both say the same.\n") } else { next };
            let children = if by_hand.kind == Kind::Contact { ", without their tasks and notes" } else { "" };
            let (done, then) = if dry_run {
                let contact = by_hand.contact.iter().map(|contact| format!(" --contact {contact}")).collect::<String>();
                let kind =
                    if by_hand.kind == Kind::Contact { String::new() } else { format!(" --kind {}", by_hand.kind) };
                let command = format!("concord links add {} {}{kind}{contact}", by_hand.cliengo, by_hand.ghl);
                ("Nothing was linked yet".to_owned(), format!("\nLink them with: {command} --pair {}\n", pair.name))
            } else {
                (format!("{}  linked", made.link), format!("\n{}\n", waiting::next_sync(session, config, pair)?.0))
            };
            let done = format!(
                "{done}{settled}. Nothing was written in either CRM.\nWhat the next sync does with them{children}:\n"
            );
            format!("{}\n{next}{}", output::fitted(&session.say(&done)), output::fitted(&session.say(&then)))
        }
    })
}

fn remove(session: &Session, config: &Config, id: &str, format: Format) -> anyhow::Result<()> {
    let (pair, link) = one(session, config, id)?;
    if link.status == LinkStatus::Retired {
        let message = format!("link {} was removed already", link.id);
        return Err(Usage { message, hint: "see those that count: concord links list".to_owned() }.into());
    }
    let (_lock, mut state) = waiting::locked(session, config, pair)?;
    let label = masking::label(config, link.kind, &state.label_of(link.id)?);
    let under = state.links_under(link.id)?.len();
    state.atomically(|state| state.part(&link, session.clock.now()))?;
    state.checkpoint()?;
    output::print(&match format {
        Format::Json => waiting::printed(&document(pair, &link, &label))?,
        Format::Text => {
            let with = match under {
                0 => String::new(),
                under => format!(", with {under} links of its tasks and notes"),
            };
            let (cliengo, ghl) = (link.ids.of(Side::Cliengo).unwrap_or("-"), link.ids.of(Side::Ghl).unwrap_or("-"));
            let more = match (link.kind, link.parent) {
                (Kind::Contact, _) | (_, None) => String::new(),
                (kind, Some(parent)) => format!(" --kind {kind} --contact {parent}"),
            };
            output::fitted(&session.say(&format!(
                "{}  {} {} is not linked any more{with}. Nothing was deleted in either CRM.\n\
                 Both are kept separate: neither is linked, changed or created on the other side until you link it by hand.\n\
                 The same two again: concord links add {cliengo} {ghl}{more} --pair {}\n",
                link.id,
                link.kind,
                in_quotes(&label),
                pair.name
            )))
        }
    })
}

/// Two contacts that share a phone and are two people: neither is matched with the other again.
fn separate(session: &Session, config: &Config, cliengo: &str, ghl: &str, format: Format) -> anyhow::Result<()> {
    let pair = only_pair(session, config, "two contacts are kept separate in one pair")?;
    let (_lock, mut state) = waiting::locked(session, config, pair)?;
    let ids = Ids { cliengo: Some(CliengoId::new(cliengo)), ghl: Some(GhlId::new(ghl)) };
    if let Some(link) = state.link_of(Kind::Contact, &CliengoId::new(cliengo).tagged())? {
        let message = format!("Cliengo contact {cliengo} is linked, to GHL {}", link.ids.of(Side::Ghl).unwrap_or("-"));
        return Err(Usage {
            message,
            hint: format!("to remove that link: concord links remove {} --pair {}", link.id, pair.name),
        }
        .into());
    }
    state.atomically(|state| state.keep_separate(Kind::Contact, &ids, session.clock.now()))?;
    state.checkpoint()?;
    output::print(&match format {
        Format::Json => waiting::printed(&json!({ "pair": pair.name, "kind": Kind::Contact, "ids": ids }))?,
        Format::Text => session.say(&format!(
            "Cliengo {cliengo} and GHL {ghl} are kept separate. Nothing was changed in either CRM.\n\
             Neither is linked or created on the other side until you link it by hand.\n\
             If they are one after all: concord links add {cliengo} {ghl} --pair {}\n",
            pair.name
        )),
    })
}

fn only_pair<'a>(session: &Session, config: &'a Config, what: &str) -> anyhow::Result<&'a Pair> {
    let selected = pairs::selected(session, config)?;
    match selected.as_slice() {
        [pair] => Ok(*pair),
        _ => Err(Usage { message: what.to_owned(), hint: pairs::say_which(&selected) }.into()),
    }
}

/// The link of a person's contact.
fn person<'a>(session: &Session, config: &'a Config, id: &str) -> anyhow::Result<(&'a Pair, LinkRow)> {
    let (pair, link) = one(session, config, id)?;
    if link.kind == Kind::Contact {
        return Ok((pair, link));
    }
    let message = format!("link {} is of a {}: a person is forgotten whole", link.id, link.kind);
    let hint = format!("its contact's link is {}", link.parent.unwrap_or_default());
    Err(Usage { message, hint }.into())
}

/// What forgetting a person would let go; nothing is changed.
fn preview(session: &Session, config: &Config, id: &str, format: Format) -> anyhow::Result<()> {
    let (pair, link) = person(session, config, id)?;
    let Some(state) = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))? else { return Ok(()) };
    let under = state.links_under(link.id)?.len();
    let label = in_quotes(&masking::label(config, link.kind, &state.label_of(link.id)?));
    output::print(&match format {
        Format::Json => waiting::printed(&json!({
            "id": link.id, "pair": pair.name, "ids": link.ids, "links": under + 1, "dry_run": true,
        }))?,
        Format::Text => session.say(&format!(
            "{}  {label}\n\
             Its link and what was last agreed would go, with {under} of its tasks and notes.\n\
             Both records stay in the CRMs; the next sync matches them as if for the first\n\
             time. Do it with: concord links forget {} --pair {}\n",
            link.id, link.id, pair.name
        )),
    })
}

/// Link and base go, both records stay: the next run meets them for the first time.
fn start_afresh(session: &Session, config: &Config, id: &str, format: Format) -> anyhow::Result<()> {
    let (pair, link) = person(session, config, id)?;
    let (_lock, mut state) = waiting::locked(session, config, pair)?;
    let gone = state.start_afresh(&link)?;
    state.checkpoint()?;
    output::print(&match format {
        Format::Json => {
            let contacts: Vec<String> = gone.contacts.iter().map(ToString::to_string).collect();
            waiting::printed(&json!({
                "id": link.id, "pair": pair.name, "contacts": contacts, "links": gone.links, "dry_run": false,
            }))?
        }
        Format::Text => session.say(&format!(
            "{}  starts afresh: {} links and what was last agreed are gone.\n\
             Both records stay in the CRMs; the next sync matches them as if for the first\n\
             time. See it first with: concord plan --pair {}\n",
            link.id, gone.links, pair.name
        )),
    })
}

fn forget(session: &Session, config: &Config, id: &str, format: Format) -> anyhow::Result<()> {
    let (pair, link) = person(session, config, id)?;
    let (_lock, mut state) = waiting::locked(session, config, pair)?;
    let forgotten = state.forget(&link, session.clock.now())?;
    run::clear_staging(&config.state_dir, &pair.name)?;
    let unreached = unreached(config, pair);
    let ids: Vec<String> = forgotten.contacts.iter().map(|id| format!("{} {id}", id.side().title())).collect();
    output::print(&match format {
        Format::Json => {
            let document = json!({
                "id": link.id,
                "pair": pair.name,
                "contacts": forgotten.contacts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "links": forgotten.links,
                "operations": forgotten.operations,
                "not_reached": unreached,
                "being_read": forgotten.being_read,
            });
            waiting::printed(&document)?
        }
        Format::Text => {
            let mut text = format!(
                "{}  forgotten: {} links and {} operations of past runs were emptied ({}).\n\
                 Nothing was deleted in the CRMs. No later run takes them in again; concord links add does.\n",
                link.id,
                forgotten.links,
                forgotten.operations,
                ids.join(", ")
            );
            if forgotten.being_read {
                text.push_str(
                    "The state is being read by another process just now: the bytes go with the next sync.\n",
                );
            }
            if !unreached.is_empty() {
                text.push_str("Not reached, and for you to remove where they hold this person:\n");
                text.extend(unreached.iter().map(|path| format!("  {}\n", path.display())));
            }
            session.say(&text)
        }
    })
}

/// Files that may hold the person still: copies of the state, and reports.
fn unreached(config: &Config, pair: &Pair) -> Vec<PathBuf> {
    let copies = [format!("{}.db.", pair.name), format!("{}.rebuild.db", pair.name)];
    let entries = std::fs::read_dir(&config.state_dir).into_iter().flatten().flatten();
    let is_copy = |name: &str| copies.iter().any(|copy| name.starts_with(copy.as_str()));
    let mut files: Vec<PathBuf> =
        entries.filter(|entry| is_copy(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect();
    files.extend(config.report.dir.clone().filter(|folder| folder.exists()));
    files.sort();
    files
}
