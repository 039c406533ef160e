//! What stands in a phone field: the digits of one number, without what people and programs write around them.
//! (`semantics` 36, 37)

use std::borrow::Cow;

use super::NoPhone;

/// Fewer digits than this are a remark beside a number ("after 6"), not a number of their own.
const FEWEST: usize = 6;

/// After this many digits a slash or a comma begins another number; before, it parts the area code from the rest.
const WHOLE: usize = 7;

/// What announces an extension. The first ones of a phone system are of a few digits.
const EXTENSION: [&str; 25] = [
    "int",
    "interno",
    "internos",
    "ext",
    "ex",
    "extn",
    "extension",
    "extensao",
    "anexo",
    "anx",
    "ramal",
    "rml",
    "r",
    "opcion",
    "opc",
    "op",
    "option",
    "opcao",
    "x",
    "xt",
    "intern",
    "inter",
    "p",
    "w",
    "pausa",
];

/// The longest extension; more digits are a number of their own.
const LONGEST_EXTENSION: usize = 7;

/// What an identity number is called.
const IDENTITY: [&str; 22] = [
    "cuit",
    "cuil",
    "dni",
    "cpf",
    "cnpj",
    "rut",
    "ruc",
    "nit",
    "rfc",
    "curp",
    "cedula",
    "pasaporte",
    "passport",
    "nif",
    "nie",
    "dui",
    "cc",
    "ci",
    "rg",
    "ine",
    "ssn",
    "cnh",
];

/// Chats that are no line: groups, hidden ids, lists.
const NO_LINE: [&str; 4] = ["g.us", "lid", "broadcast", "newsletter"];

/// The digits that were written, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The digits of the number.
    pub digits: String,
    /// Where those cannot be a number: with what stood before them, parted by a word (`(011) cel. 4321-0500`), or with all that
    /// one mark parts (`11/15/4321/0500`).
    pub instead: Option<String>,
    /// Whether a `+` stands before them.
    pub plus: bool,
    /// Whether they are a chat's, which are written with their country.
    pub chat: bool,
    /// The digits of an extension.
    pub extension: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Digits(String),
    Word(String),
    Mark(char),
}

/// Reads the one number that stands in a canonical line.
pub(super) fn read(line: &str) -> Result<Written, NoPhone> {
    let told = without_address(line)?;
    let chat = told.len() < line.len();
    let line = of_spreadsheet(told)?;
    if is_masked(&line) {
        return Err(NoPhone::Masked);
    }
    let tokens = tokens(&line);
    if is_identity(&tokens) {
        return Err(NoPhone::Identity);
    }
    let (tokens, extension) = match extension_before(&tokens) {
        Some((extension, tokens)) => (tokens, Some(extension)),
        None => without_extension(&tokens)?,
    };
    let runs = runs(tokens);
    let length = |run: &Run| run.digits.len();
    let mut long = runs.iter().enumerate().filter(|(_, run)| length(run) >= FEWEST);
    let (Some((at, main)), None) = (long.next(), long.next()) else {
        let digits: String = runs.iter().map(|run| run.digits.as_str()).collect();
        return match (digits.is_empty(), runs.iter().filter(|run| length(run) >= FEWEST).count()) {
            (true, _) => Err(NoPhone::NoDigits),
            (false, 0) => {
                let plus = runs.iter().find(|run| length(run) > 0).is_some_and(|run| run.plus);
                Ok(Written { digits, instead: None, plus, chat, extension })
            }
            (false, _) => Err(NoPhone::Several),
        };
    };
    let before: String = runs.iter().take(at).map(|run| run.digits.as_str()).collect();
    let instead = if is_grouped(tokens) {
        Some(runs.iter().map(|run| run.digits.as_str()).collect())
    } else {
        (!before.is_empty() && !main.plus).then(|| format!("{before}{}", main.digits))
    };
    Ok(Written { digits: main.digits.clone(), instead, plus: main.plus, chat, extension })
}

/// Whether digits are hidden behind asterisks, dots or crosses.
fn is_masked(line: &str) -> bool {
    let hidden = |run: &str| line.contains(run);
    line.chars().any(|c| c.is_ascii_digit()) && (hidden("***") || hidden("••") || hidden("xxx") || hidden("XXX"))
}

/// What stands before the `@` of a chat's address, or in a link to a chat.
fn without_address(line: &str) -> Result<&str, NoPhone> {
    if let Some((_, number)) = line.split_once("wa.me/") {
        return Ok(number.split(['/', '?', '#']).next().unwrap_or_default());
    }
    if let Some((_, number)) = line.split_once("phone=") {
        return Ok(number.split('&').next().unwrap_or_default());
    }
    let Some((local, domain)) = line.split_once('@') else { return Ok(line) };
    let domain = domain.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let is_number = |c: char| c.is_ascii_digit() || "+-.() :".contains(c);
    match domain.as_str() {
        "" => Ok(line),
        _ if NO_LINE.contains(&domain.as_str()) => Err(NoPhone::Chat),
        // What follows a colon is the device.
        _ if local.chars().all(is_number) => Ok(local.split(':').next().unwrap_or_default()),
        _ => Err(NoPhone::Address),
    }
}

/// A number as a spreadsheet shows it: `5491155551234.0`, `5.491155551234E12`. One that it has rounded is none.
fn of_spreadsheet(line: &str) -> Result<Cow<'_, str>, NoPhone> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((whole, decimals)) = line.split_once(['.', ',']).filter(|(whole, _)| is_number(whole)) else {
        return Ok(line.into());
    };
    if decimals == "0" && whole.len() > LONGEST_EXTENSION {
        return Ok(whole.into());
    }
    let Some((decimals, exponent)) = decimals.split_once(['E', 'e']).filter(|(decimals, _)| is_number(decimals)) else {
        return Ok(line.into());
    };
    match exponent.trim_start_matches('+').parse::<usize>() {
        Ok(places) if whole.len() == 1 && places == decimals.len() => Ok(format!("{whole}{decimals}").into()),
        Ok(_) => Err(NoPhone::Rounded),
        Err(_) => Ok(line.into()),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for c in text.chars() {
        match (digit(c), tokens.last_mut()) {
            (Some(digit), Some(Token::Digits(digits))) => digits.push(digit),
            (Some(digit), _) => tokens.push(Token::Digits(digit.to_string())),
            (None, Some(Token::Word(word))) if c.is_alphabetic() => word.extend(plain(c)),
            (None, _) if c.is_alphabetic() => tokens.push(Token::Word(plain(c).collect())),
            (None, _) => tokens.push(Token::Mark(if c.is_whitespace() { ' ' } else { c })),
        }
    }
    tokens
}

/// A decimal digit of the scripts that keyboards write numbers in.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 5] = ['0' as u32, 0x0660, 0x06f0, 0x0966, 0xff10];
    ZEROS.iter().find_map(|zero| char::from_digit((c as u32).checked_sub(*zero).filter(|digit| *digit < 10)?, 10))
}

/// A letter without case and accent, as far as the words here have them.
fn plain(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| match c {
        'á' | 'ã' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' => 'u',
        other => other,
    })
}

/// An extension that stands before its number, `Int. 12: 4321-0500`, and the tokens behind it.
fn extension_before(tokens: &[Token]) -> Option<(String, &[Token])> {
    let is_digits = |token: &Token| matches!(token, Token::Digits(_));
    let first = tokens.iter().position(is_digits)?;
    let (before, behind) = tokens.split_at_checked(first)?;
    let announced = before.iter().rev().find_map(|token| match token {
        Token::Word(word) => Some(EXTENSION.contains(&word.as_str()) && word.chars().nth(1).is_some()),
        _ => None,
    });
    let (Some(Token::Digits(extension)), rest) = (behind.first(), behind.get(1..)?) else { return None };
    let digits: usize =
        rest.iter().filter_map(|token| if let Token::Digits(digits) = token { Some(digits.len()) } else { None }).sum();
    (announced == Some(true) && extension.len() <= LONGEST_EXTENSION && digits > FEWEST)
        .then(|| (extension.clone(), rest))
}

/// The tokens of the number itself, and the extension behind it.
fn without_extension(tokens: &[Token]) -> Result<(&[Token], Option<String>), NoPhone> {
    let mut before = 0;
    for (at, token) in tokens.iter().enumerate() {
        let announces = match token {
            Token::Digits(digits) => {
                before += digits.len();
                false
            }
            Token::Word(word) => EXTENSION.contains(&word.as_str()),
            Token::Mark('#') => true,
            // What is dialled after a pause.
            Token::Mark(',' | ';') => {
                before >= WHOLE && !is_grouped(tokens) && matches!(tokens.get(at + 1..), Some([Token::Digits(_)]))
            }
            Token::Mark(_) => false,
        };
        if !announces || before < FEWEST {
            continue;
        }
        let behind = tokens.get(at + 1..).unwrap_or_default();
        let digits: Vec<&str> = behind
            .iter()
            .filter_map(|token| match token {
                Token::Digits(digits) => Some(digits.as_str()),
                _ => None,
            })
            .collect();
        match digits.as_slice() {
            [] => {}
            [first, ..] if first.len() > LONGEST_EXTENSION => return Err(NoPhone::Several),
            digits if digits.iter().skip(1).any(|digits| digits.len() >= FEWEST) => return Err(NoPhone::Several),
            digits => return Ok((tokens.get(..at).unwrap_or_default(), Some(digits.join("-")))),
        }
    }
    Ok((tokens, None))
}

/// Whether one mark that could part numbers stands between several groups, none of which could be a number.
fn is_grouped(tokens: &[Token]) -> bool {
    let tokens = tokens.strip_prefix(&[Token::Mark('+')]).unwrap_or(tokens);
    let mark = tokens.get(1);
    let is_group = |token: &Token| matches!(token, Token::Digits(digits) if digits.len() < FEWEST);
    matches!(mark, Some(Token::Mark('/' | '|' | ';' | ',' | '\\')))
        && tokens.len() >= 5
        && tokens.len() % 2 == 1
        && tokens.iter().step_by(2).all(is_group)
        && tokens.iter().skip(1).step_by(2).all(|other| Some(other) == mark)
}

/// Digits with nothing but punctuation between them.
#[derive(Default)]
struct Run {
    digits: String,
    plus: bool,
}

fn runs(tokens: &[Token]) -> Vec<Run> {
    let mut runs = vec![Run::default()];
    for token in tokens {
        let Some(run) = runs.last_mut() else { continue };
        let parts = match token {
            Token::Digits(digits) => {
                run.digits.push_str(digits);
                false
            }
            Token::Word(_) => true,
            Token::Mark('/' | '|' | ';' | ',' | '\\') => run.digits.len() >= WHOLE,
            Token::Mark('+') => !run.digits.is_empty(),
            // Behind a number, what stands in brackets is a remark: `4321-0500 (12)`.
            Token::Mark('(' | '[') => run.digits.len() > WHOLE,
            Token::Mark(_) => false,
        };
        if parts {
            runs.push(Run::default());
        }
        if let (Token::Mark('+'), Some(run)) = (token, runs.last_mut()) {
            run.plus = true;
        }
    }
    runs
}

/// Whether it is written as people write identity numbers, or says that it is one.
fn is_identity(tokens: &[Token]) -> bool {
    if tokens.iter().any(|token| matches!(token, Token::Word(word) if IDENTITY.contains(&word.as_str()))) {
        return true;
    }
    let initials: String = tokens
        .iter()
        .filter_map(|token| match token {
            Token::Word(word) if word.chars().nth(1).is_none() => Some(word.as_str()),
            _ => None,
        })
        .collect();
    if initials.chars().nth(1).is_some() && IDENTITY.contains(&initials.as_str()) {
        return true;
    }
    let mut groups: Vec<usize> = Vec::new();
    // Between two groups stands a mark, or a blank where there is no mark.
    let mut marks: Vec<char> = Vec::new();
    let is_word = |token: &Token| matches!(token, Token::Word(word) if word != "k");
    for token in tokens.iter().filter(|token| !is_word(token)) {
        match token {
            Token::Digits(digits) => groups.push(digits.len()),
            // The check digit of Chile.
            Token::Word(_) if marks.len() == groups.len() => groups.push(1),
            Token::Mark('+') if groups.is_empty() => return false,
            Token::Mark(mark) if !groups.is_empty() => match marks.get_mut(groups.len() - 1) {
                Some(last) if *last == ' ' => *last = *mark,
                Some(_) if *mark == ' ' => {}
                _ => marks.push(*mark),
            },
            Token::Word(_) | Token::Mark(_) => {}
        }
    }
    marks.truncate(groups.len().saturating_sub(1));
    is_written_as_identity(&groups, &marks.into_iter().collect::<String>())
}

fn is_written_as_identity(groups: &[usize], marks: &str) -> bool {
    let is_dotted = |marks: &str| !marks.is_empty() && marks.chars().all(|mark| mark == '.');
    let is_grouped = |groups: &[usize]| {
        groups.len() >= 3
            && groups.first().is_some_and(|first| (1..=2).contains(first))
            && groups.iter().skip(1).all(|group| *group == 3)
    };
    let (body, check) = (groups.split_last().map(|(_, body)| body).unwrap_or_default(), groups.last());
    let checked = marks.strip_suffix('-').filter(|_| check == Some(&1));
    match groups {
        // Argentina's CUIT, in every spelling.
        [2, 8, 1] => marks.chars().count() == 2 && marks.chars().all(|mark| "-. /".contains(mark)),
        [2, 2, 3, 3, 1] => marks == "-..-" || marks == "...-",
        // Brazil's CPF, Colombia's NIT, Brazil's CNPJ.
        [3, 3, 3, 1 | 2] => marks == "..-",
        [2, 3, 3, 4, 2] => marks == "../-",
        // Chile's RUT, Uruguay's cédula and Colombia's NIT, with their check digit.
        [7..=9, 1] => marks == "-",
        _ if checked.is_some_and(is_dotted) => is_grouped(body),
        // Identity cards, with the dots of thousands.
        _ => is_dotted(marks) && is_grouped(groups),
    }
}
