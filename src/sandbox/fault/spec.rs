//! Faults as text: the argument of `--faults`.

use std::str::FromStr;
use std::time::Duration;

use serde_json::json;

use super::{Fault, FaultRule, Faults, Stated, When};
use crate::record::Side;
use crate::sandbox::SandboxError;

/// The grammar of `--faults`, for `sandbox serve --help`.
pub const GRAMMAR: &str = "\
Faults: rules joined by `,`, each FAULT[=ARGUMENT][@SIDE][:METHOD][:PATH][TRIGGER].
  SIDE      cliengo or ghl; both without it
  METHOD    GET, POST, PUT, PATCH, DELETE; READ for all that only ask, WRITE for all that change something
  PATH      a part of the path below the CRM's base, such as :/notes
  TRIGGER   #3 the third such request; #..3 the first three; #/3 every third; %0.1 one in ten, by the seed;
            ~40 those of the first 40 seconds; * all of them; without one, the first
Refusals, with nothing done:
  too-many[=SECONDS|past]  429, as the account tells it, or with this Retry-After
  daily-exhausted          429 with nothing left of the day
  status=CODE, html        this status with JSON; a gateway's 502 page
  server-error             502, 500 or 520, before or after the work, as the account's are
  gateway-404, firewall    a gateway's 404 in JSON; a firewall's 403 page
  refusal-200              200 with a refusal in words
  gone                     the record that the path names is gone, in the account's words
  expired-token, echo      401, as the account tells it; 400 that repeats the caller's secret, raw and encoded
  redirect[=HOST]          302 to a login page of this host; without one, to the same path again
  answer=FILE              an answer from a JSON file: status, and body, content_type, headers, after_work
Answers that get lost or come late:
  reset-before, reset-after-write, status-after-write=CODE, created-but-422, truncated-json
  hang=SECONDS, slow-body=SECONDS, drip=SECONDS: the answer, its second half, each of its bytes that much later
Listings:
  short-listing, empty-listing, repeat-cursor, torn-page, no-array, repeat-row, orphan-task, null-lists
  lag=SECONDS              GHL's searches stay behind; stands alone
Values:
  drop-field=NAME          no record has it
  ignore-field=NAME, forget-field=NAME: it is not stored; the same, and the answer shows it as if it were
  surrogate, control-characters, charset, byte-order-mark, large=MEBIBYTES, bomb=MEBIBYTES
  unify                    a Cliengo create of somebody who is there answers the one who is
  date-skew=SECONDS        the Date of the answer is off";

impl FromStr for Faults {
    type Err = SandboxError;

    /// Reads rules as [`GRAMMAR`] has them: `too-many@ghl#..5,reset-after-write@cliengo:POST:/notes#2,status=503%0.05`.
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
    let needed =
        || argument.ok_or_else(|| format!("`{name}` needs an argument; see which: concord sandbox serve --help"));
    let status = || {
        let code = needed()?.parse::<u16>().ok().filter(|code| (200..600).contains(code));
        code.ok_or_else(|| format!("`{name}` needs an HTTP status between 200 and 599"))
    };
    let whole = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is not a number of seconds"));
    let known = match name {
        "too-many" if argument == Some("past") => {
            let body = json!({ "statusCode": 429, "message": "Too Many Requests" });
            Fault::Answer(Stated::json(429, &body).with_header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"))
        }
        "redirect" => Fault::Redirect(argument.map(str::to_owned)),
        "bomb" => Fault::Bomb(mebibytes(needed()?)?),
        "large" => Fault::Large(mebibytes(needed()?)?),
        "drip" => Fault::Drip(seconds(needed()?)?),
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
            (None, _) => return Err(format!("unknown fault `{name}`; see all: concord sandbox serve --help")),
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
        "gateway-404" => Fault::Gateway404,
        "firewall" => Fault::Firewall,
        "refusal-200" => Fault::Refusal200,
        "gone" => Fault::Gone,
        "echo" => Fault::Echo,
        "charset" => Fault::Charset,
        "byte-order-mark" => Fault::ByteOrderMark,
        "surrogate" => Fault::Surrogate,
        "control-characters" => Fault::ControlCharacters,
        "null-lists" => Fault::NullLists,
        "repeat-row" => Fault::RepeatRow,
        "orphan-task" => Fault::OrphanTask,
        "unify" => Fault::Unify,
        _ => return None,
    })
}

fn mebibytes(text: &str) -> Result<usize, String> {
    text.parse::<usize>()
        .ok()
        .filter(|size| (1..=4096).contains(size))
        .ok_or_else(|| format!("`{text}` is no size: 1 to 4096"))
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
    fn every_fault_that_the_grammar_names_can_be_asked_for() {
        let rules = GRAMMAR.split_once("Refusals").unwrap().1;
        let words = rules.split([' ', ',', '\n', ':']).map(|word| word.trim_end_matches(';'));
        let words: Vec<&str> =
            words.filter(|word| word.contains(['-', '=']) && word.chars().next().unwrap().is_lowercase()).collect();
        assert!(words.len() > 30, "{words:?}");
        for word in words {
            let spec = word.split(['[', '|']).next().unwrap().replace("SECONDS", "1").replace("MEBIBYTES", "1");
            let spec = spec.replace("CODE", "503").replace("NAME", "email");
            if !spec.contains("FILE") {
                assert!(spec.parse::<Faults>().is_ok(), "{spec}");
            }
        }
    }

    #[test]
    fn a_wrong_spec_is_refused_by_the_part_that_is_wrong() {
        for (spec, said) in [
            ("html,explode@ghl", "unknown fault `explode`"),
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
