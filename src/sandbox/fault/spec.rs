//! Faults as text: the argument of `--faults`.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultRule, Faults, Stated, When};
use crate::record::Side;
use crate::sandbox::SandboxError;

const KNOWN: &str = "too-many[=SECONDS], daily-exhausted, status=CODE, status-after-write=CODE, server-error, html, truncated-json, \
    no-array, reset-before, reset-after-write, hang=SECONDS, slow-body=SECONDS, short-listing, empty-listing, \
    repeat-cursor, torn-page, expired-token, created-but-422, drop-field=NAME, ignore-field=NAME, \
    forget-field=NAME, date-skew=SECONDS, answer=FILE, lag=SECONDS";

impl FromStr for Faults {
    type Err = SandboxError;

    /// Reads rules joined by `,` or `;`, each `fault[=arg][@side][:METHOD][:path_part][trigger]`:
    ///
    /// - `fault`: `too-many[=SECONDS]`, `daily-exhausted`, `status=CODE`, `status-after-write=CODE`, `html`,
    ///   `truncated-json`, `no-array`, `reset-before`, `reset-after-write`, `hang=SECONDS`, `slow-body=SECONDS`,
    ///   `short-listing`, `empty-listing`, `repeat-cursor`, `torn-page`, `expired-token`, `created-but-422`,
    ///   `drop-field=NAME`, `ignore-field=NAME`, `forget-field=NAME`, `date-skew=SECONDS`, `answer=FILE` (a JSON file of `status`, and `body`, `content_type`, `headers`, `after_work` where needed). Seconds may have decimals. `lag=SECONDS`, alone, lets GHL's searches
    ///   stay behind.
    /// - `@side`: `@cliengo` or `@ghl`; both without it.
    /// - `:METHOD` in capitals, `READ` for all that only asks, `WRITE` for all that changes something; `:path_part` anything else that the path below the base contains.
    /// - trigger: `#n` the n-th matching call, `#..n` the first n, `#/n` every n-th, `%r` a share between 0 and 1, `~s` those within so many seconds of the first, `*`
    ///   all of them; the first call without one.
    ///
    /// `too-many@ghl#..5,reset-after-write@cliengo:POST:/notes#2,status=503%0.05`
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        let mut faults = Self::none();
        for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
            let refuse = |why: String| SandboxError::Faults { part: part.to_owned(), why };
            if let Some(lag) = part.strip_prefix("lag=") {
                faults.lag = Some(seconds(lag).map_err(refuse)?);
            } else {
                faults.rules.push(rule(part).map_err(refuse)?);
            }
        }
        Ok(faults)
    }
}

fn rule(part: &str) -> Result<FaultRule, String> {
    let (rest, when) = trigger(part)?;
    let mut pieces = rest.split(':');
    let head = pieces.next().unwrap_or_default();
    let (name, side) = match head.split_once('@') {
        None => (head, None),
        Some((name, "cliengo")) => (name, Some(Side::Cliengo)),
        Some((name, "ghl")) => (name, Some(Side::Ghl)),
        Some((_, other)) => return Err(format!("unknown side `{other}`; known: cliengo, ghl")),
    };
    let (mut method, mut path_contains) = (None, None);
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        if ["GET", "POST", "PUT", "PATCH", "DELETE", "READ", "WRITE"].contains(&piece) {
            method = Some(piece.to_owned());
        } else {
            path_contains = Some(piece.to_owned());
        }
    }
    Ok(FaultRule { side, method, path_contains, when, fault: fault(name)? })
}

/// Cuts the trigger off the end.
fn trigger(part: &str) -> Result<(&str, When), String> {
    let number = |text: &str| match text.parse::<u64>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{text}` is not a count of calls")),
    };
    if let Some(rest) = part.strip_suffix('*') {
        return Ok((rest, When::Always));
    }
    if let Some((rest, share)) = part.rsplit_once('%') {
        let share = share.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        return share.map(|share| (rest, When::Rate(share))).ok_or("a rate lies between 0 and 1".to_owned());
    }
    if let Some((rest, time)) = part.rsplit_once('~') {
        return Ok((rest, When::For(seconds(time)?)));
    }
    let Some((rest, count)) = part.rsplit_once('#') else { return Ok((part, When::Nth(1))) };
    let when = if let Some(first) = count.strip_prefix("..") {
        When::First(number(first)?)
    } else if let Some(every) = count.strip_prefix('/') {
        When::Every(number(every)?)
    } else {
        When::Nth(number(count)?)
    };
    Ok((rest, when))
}

fn stated(file: &str) -> Result<Stated, String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("cannot read `{file}`: {why}"))?;
    serde_json::from_str(&text).map_err(|why| format!("`{file}` states no answer: {why}"))
}

fn fault(text: &str) -> Result<Fault, String> {
    let (name, argument) = match text.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    };
    let needed = || argument.ok_or_else(|| format!("`{name}` needs an argument; known faults: {KNOWN}"));
    let status = || {
        let code = needed()?.parse::<u16>().ok().filter(|code| (200..600).contains(code));
        code.ok_or_else(|| format!("`{name}` needs an HTTP status between 200 and 599"))
    };
    let whole = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is not a number of seconds"));
    let known = match name {
        "too-many" => Fault::TooMany {
            retry_after: argument.map(whole).transpose()?.map(|seconds| u64::try_from(seconds).unwrap_or_default()),
        },
        "status" => Fault::Status(status()?),
        "status-after-write" => Fault::StatusAfterWrite(status()?),
        "hang" => Fault::Hang(seconds(needed()?)?),
        "slow-body" => Fault::SlowBody(seconds(needed()?)?),
        "ignore-field" => Fault::IgnoreField(needed()?.to_owned()),
        "forget-field" => Fault::ForgetField(needed()?.to_owned()),
        "drop-field" => Fault::DropField(needed()?.to_owned()),
        "answer" => Fault::Answer(stated(needed()?)?),
        "date-skew" => Fault::DateSkew(whole(needed()?)?),
        plain => match (plain_fault(plain), argument) {
            (Some(fault), None) => fault,
            (Some(_), Some(_)) => return Err(format!("`{name}` takes no argument")),
            (None, _) => return Err(format!("unknown fault `{name}`; known: {KNOWN}")),
        },
    };
    Ok(known)
}

fn plain_fault(name: &str) -> Option<Fault> {
    Some(match name {
        "daily-exhausted" => Fault::DailyExhausted,
        "server-error" => Fault::ServerError,
        "html" => Fault::Html,
        "truncated-json" => Fault::TruncatedJson,
        "no-array" => Fault::NoArray,
        "reset-before" => Fault::ResetBefore,
        "reset-after-write" => Fault::ResetAfterWrite,
        "short-listing" => Fault::ShortListing,
        "empty-listing" => Fault::EmptyListing,
        "repeat-cursor" => Fault::RepeatCursor,
        "torn-page" => Fault::TornPage,
        "expired-token" => Fault::ExpiredToken,
        "created-but-422" => Fault::CreatedBut422,
        _ => return None,
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("`{text}` is not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_names_fault_side_method_path_and_trigger() {
        let faults: Faults =
            "too-many=7@ghl:GET:/notes#..3; reset-after-write:POST%0.25, html*, lag=1.5".parse().unwrap();
        assert_eq!(faults.lag, Some(Duration::from_millis(1500)));
        let first = FaultRule {
            side: Some(Side::Ghl),
            method: Some("GET".to_owned()),
            path_contains: Some("/notes".to_owned()),
            when: When::First(3),
            fault: Fault::TooMany { retry_after: Some(7) },
        };
        assert_eq!(faults.rules[0], first);
        assert_eq!(faults.rules[1].when, When::Rate(0.25));
        assert_eq!((&faults.rules[2].fault, faults.rules[2].when), (&Fault::Html, When::Always));
    }

    #[test]
    fn a_wrong_spec_is_refused_by_the_part_that_is_wrong() {
        for (spec, said) in [
            ("html,explode@ghl", "known: too-many"),
            ("html@hubspot", "unknown side `hubspot`"),
            ("status", "needs an argument"),
            ("html%20", "between 0 and 1"),
            ("html#0", "not a count"),
        ] {
            let error = spec.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!("html,explode@ghl".parse::<Faults>().unwrap_err().to_string().contains("`explode@ghl`"));
    }
}
