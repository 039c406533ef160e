//! The labelled set: people who do not exist, as two CRMs write them, by a seed.
//!
//! Each class makes pairs of records of which it says whether they are one person. Nothing is taken from a real account: names
//! are drawn from lists of common ones, numbers are drawn, addresses are of example.com.

use concord::record::{Field, MatchKey, Record, Region, Value};

/// One labelled pair: a record of Cliengo's, one of GHL's, and what is right.
pub struct Pair {
    pub class: &'static str,
    pub cliengo: Vec<Written>,
    pub ghl: Vec<Written>,
}

/// A contact as somebody wrote it, and who it is.
#[derive(Clone, Debug)]
pub struct Written {
    /// The person: equal on both sides where it is one.
    pub person: u32,
    pub name: String,
    pub email: String,
    pub phone: String,
    /// A further address that GHL holds.
    pub also: Option<String>,
}

impl Written {
    pub fn record(&self) -> Record {
        let (name, region) = (Value::name(&self.name, ""), Some(Region::AR));
        let mut record = Record::default()
            .with(Field::Name, name)
            .with(Field::Email, Value::email(&self.email))
            .with(Field::Phone, Value::phone(&self.phone, region))
            .with(Field::Tags, Value::Empty);
        record.created = "2026-01-01T00:00:00Z".parse().ok();
        record.also.extend(self.also.iter().cloned().map(MatchKey::Email));
        record
    }
}

/// Chance by a seed (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(of.len() as u64);
        usize::try_from(at).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
    }

    /// Two of a list that are not the same.
    fn two<'a>(&mut self, of: &[&'a str]) -> (&'a str, &'a str) {
        let one = self.one(of);
        loop {
            let other = self.one(of);
            if other != one {
                return (one, other);
            }
        }
    }

    fn digits(&mut self, count: usize) -> String {
        // No filler: the first is no 0 or 1, and neighbours differ.
        let mut before = 1;
        (0..count)
            .map(|at| {
                let mut digit = self.below(10);
                while digit == before || at == 0 && digit < 2 {
                    digit = self.below(10);
                }
                before = digit;
                char::from_digit(u32::try_from(digit).unwrap_or_default(), 10).unwrap_or('0')
            })
            .collect()
    }
}

const FIRST: [&str; 28] = [
    "Laura",
    "Óscar",
    "María",
    "Carlos",
    "Lucía",
    "Joaquín",
    "Sofía",
    "Martín",
    "Valentina",
    "Facundo",
    "Camila",
    "Rodrigo",
    "Julieta",
    "Ezequiel",
    "Beatriz",
    "Thiago",
    "Larissa",
    "Guadalupe",
    "Ignacio",
    "Ximena",
    "Gonzalo",
    "Noelia",
    "Emanuel",
    "Rocío",
    "Benjamín",
    "Agustina",
    "Hernán",
    "Yolanda",
];
const MIDDLE: [&str; 6] = ["Inés", "de los Ángeles", "Luz", "Alberto", "José", "Paz"];
const LAST: [&str; 28] = [
    "Benítez",
    "Quiroga",
    "Ordóñez",
    "de la Cruz",
    "Peña",
    "Sáenz-Peña",
    "Núñez",
    "Ledesma",
    "Funes",
    "Sosa",
    "Ruiz",
    "Cardozo",
    "Tévez",
    "Maldonado",
    "Lugo",
    "Ferreyra",
    "Cáceres",
    "Roldán",
    "Godoy",
    "dos Santos",
    "Oliveira",
    "Etchegoyen",
    "Iturralde",
    "Villalba",
    "Zapata",
    "Quispe",
    "Mamani",
    "Rivadavia",
];
const TRADES: [&str; 6] = ["Ferretería", "Panadería", "Farmacia", "Inmobiliaria", "Consultorio", "Estudio"];
const PLACES: [&str; 8] =
    ["El Ejemplo", "del Parque", "La Estación", "Norte", "San Telmo", "Aurora", "Los Pinos", "Sur"];

/// A line, and how people write it: what varies between sides of one line.
fn spellings(chance: &mut Chance) -> Vec<String> {
    let local = |chance: &mut Chance, count| chance.digits(count);
    match chance.below(7) {
        0 => {
            let (a, b) = (local(chance, 4), local(chance, 4));
            vec![
                format!("+54 9 11 {a}-{b}"),
                format!("54911{a}{b}"),
                format!("011 15 {a}-{b}"),
                format!("(011) 15-{a}-{b} (WhatsApp)"),
                format!("54911{a}{b}@c.us"),
                format!("+5411{a}{b}"),
                format!("11 {a} {b}"),
            ]
        }
        1 => {
            let (a, b) = (local(chance, 3), local(chance, 4));
            vec![
                format!("+54 9 351 {a}-{b}"),
                format!("0351 15 {a}-{b}"),
                format!("351{a}{b}"),
                format!("+54 9 (0351) 15-{a}-{b}"),
                format!("Cel: 0351-{a}-{b}"),
            ]
        }
        2 => {
            let (a, b) = (local(chance, 4), local(chance, 4));
            vec![
                format!("+52 1 55 {a} {b}"),
                format!("+5255{a}{b}"),
                format!("52155{a}{b}"),
                format!("+52 044 55 {a} {b}"),
            ]
        }
        3 => {
            let (a, b) = (format!("8{}", local(chance, 3)), local(chance, 4));
            vec![
                format!("+55 11 9{a}-{b}"),
                format!("+55 (11) {a}-{b}"),
                format!("55119{a}{b}"),
                format!("55119{a}{b}@s.whatsapp.net"),
            ]
        }
        4 => {
            let (a, b) = (local(chance, 4), local(chance, 4));
            vec![format!("+56 9 {a} {b}"), format!("569{a}{b}"), format!("+5609{a}{b}"), format!("+56-9-{a}{b}")]
        }
        5 => {
            let (a, b) = (local(chance, 3), local(chance, 4));
            vec![
                format!("+57 310 {a} {b}"),
                format!("57310{a}{b}"),
                format!("0057 310 {a}{b}"),
                format!("+57 (310) {a}-{b}"),
            ]
        }
        _ => {
            let (a, b) = (local(chance, 3), local(chance, 3));
            vec![
                format!("+598 99 {a} {b}"),
                format!("59899{a}{b}"),
                format!("+598 099 {a} {b}"),
                format!("+598 (0)99{a}{b}"),
            ]
        }
    }
}

fn pick(chance: &mut Chance, of: &[String]) -> String {
    let all: Vec<&str> = of.iter().map(String::as_str).collect();
    chance.one(&all).to_owned()
}

fn plain(text: &str) -> String {
    let accents = [("á", "a"), ("é", "e"), ("í", "i"), ("ó", "o"), ("ú", "u"), ("ñ", "n"), ("Ó", "O"), ("Á", "A")];
    accents.iter().fold(text.to_owned(), |text, (one, other)| text.replace(one, other))
}

/// A name as another person writes it.
fn written_otherwise(chance: &mut Chance, first: &str, last: &str) -> String {
    match chance.below(9) {
        0 => format!("{first} {last}"),
        1 => plain(&format!("{first} {last}")),
        2 => format!("{} {}", last.to_uppercase(), first.to_uppercase()),
        3 => format!("{last}, {first}"),
        4 => format!("{first} {} {last}", chance.one(&MIDDLE)),
        5 => format!("{}. {last}", first.chars().next().unwrap_or('X')),
        6 => format!("Sra. {first} {last} 🌸"),
        7 => format!("\u{200b}{first}  {last}\u{200e}"),
        // A typing error: two letters changed places.
        _ => {
            let mut letters: Vec<char> = first.chars().collect();
            if letters.len() > 3 {
                letters.swap(2, 3);
            }
            format!("{} {last}", letters.into_iter().collect::<String>())
        }
    }
}

fn wrapped(chance: &mut Chance, address: &str) -> String {
    match chance.below(7) {
        0 => address.to_uppercase(),
        1 => format!("mailto:{address}"),
        2 => format!("Contacto <{address}>"),
        3 => format!(" {address},"),
        4 => address.replace('@', "\u{200b}@"),
        5 => format!("E-mail: {address}"),
        _ => address.to_owned(),
    }
}

fn mail(person: u32) -> String {
    format!("persona.{person}@example.com")
}

fn one(person: u32, name: impl Into<String>, email: impl Into<String>, phone: impl Into<String>) -> Written {
    Written { person, name: name.into(), email: email.into(), phone: phone.into(), also: None }
}

/// As many pairs of every class. People's numbers are unique in the set.
pub fn draw(seed: u64, of_each: u32) -> Vec<Pair> {
    let mut chance = Chance::of(seed);
    let mut made = Vec::new();
    for (class, make) in CLASSES {
        for _ in 0..of_each {
            let person = u32::try_from(made.len()).unwrap_or_default() * 4 + 1;
            let (cliengo, ghl) = make(&mut chance, person);
            made.push(Pair { class, cliengo, ghl });
        }
    }
    made
}

/// The class whose pairs are one person and have no key in common.
pub const WITHOUT_KEY: &str = "one person, one digit of the phone wrong";

type Make = fn(&mut Chance, u32) -> (Vec<Written>, Vec<Written>);

/// What people's data is like. The first seven are one person written twice, the others are two.
const CLASSES: [(&str, Make); 17] = [
    ("one person, one e-mail, written otherwise", |chance, person| {
        let (first, last) = (chance.one(&FIRST), chance.one(&LAST));
        let name = written_otherwise(chance, first, last);
        let email = wrapped(chance, &mail(person));
        (vec![one(person, format!("{first} {last}"), email, "")], vec![one(person, name, mail(person), "")])
    }),
    ("one person, one e-mail, another phone", |chance, person| {
        let (first, last) = (chance.one(&FIRST), chance.one(&LAST));
        let (ours, theirs) = (spellings(chance), spellings(chance));
        let (ours, theirs) = (pick(chance, &ours), pick(chance, &theirs));
        let email = wrapped(chance, &mail(person));
        (vec![one(person, format!("{first} {last}"), email, ours)], vec![one(person, first, mail(person), theirs)])
    }),
    ("one person, one line, written otherwise", |chance, person| {
        let (first, last) = (chance.one(&FIRST), chance.one(&LAST));
        let line = spellings(chance);
        let (ours, theirs) = (pick(chance, &line), pick(chance, &line));
        let name = written_otherwise(chance, first, last);
        (vec![one(person, format!("{first} {last}"), "", ours)], vec![one(person, name, "", theirs)])
    }),
    ("one person, one line, a filler for a name", |chance, person| {
        let line = spellings(chance);
        let (ours, theirs) = (pick(chance, &line), pick(chance, &line));
        let filler = match chance.below(4) {
            0 => format!("Visitante {}", chance.digits(4)),
            1 => format!("549{}@c.us", chance.digits(10)),
            2 => "Usuario de WhatsApp".to_owned(),
            _ => String::new(),
        };
        let name = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        (vec![one(person, filler, "", ours)], vec![one(person, name, mail(person), theirs)])
    }),
    ("one person, the e-mail among the further ones", |chance, person| {
        let (first, last) = (chance.one(&FIRST), chance.one(&LAST));
        let further = format!("casa.{person}@example.com");
        let mut there = one(person, format!("{first} {last}"), mail(person), "");
        there.also = Some(further.clone());
        (vec![one(person, first, further, "")], vec![there])
    }),
    ("one person, one line with one extension", |chance, person| {
        let (first, last) = (chance.one(&FIRST), chance.one(&LAST));
        let (a, b, inner) = (chance.digits(4), chance.digits(4), chance.digits(3));
        let theirs = format!("+54 11 {a}-{b} x{inner}");
        let ours = format!("(011) {a}-{b} int. {inner}");
        (vec![one(person, format!("{first} {last}"), "", ours)], vec![one(person, first, "", theirs)])
    }),
    (WITHOUT_KEY, |chance, person| {
        let name = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        let (a, b) = (chance.digits(4), chance.digits(3));
        let (ours, theirs) = (format!("11 {a} {b}7"), format!("+54 9 11 {a}-{b}8"));
        (vec![one(person, name.clone(), "", ours)], vec![one(person, name, "", theirs)])
    }),
    ("a family of two last names on one line", |chance, person| {
        let line = spellings(chance);
        let ((first, second), (last, other)) = (chance.two(&FIRST), chance.two(&LAST));
        let (ours, theirs) = (pick(chance, &line), pick(chance, &line));
        (
            vec![one(person, format!("{first} {last}"), "", ours)],
            vec![one(person + 1, format!("{second} {other}"), "", theirs)],
        )
    }),
    ("a family of one last name on one line", |chance, person| {
        let line = spellings(chance);
        let ((first, second), last) = (chance.two(&FIRST), chance.one(&LAST));
        let (ours, theirs) = (pick(chance, &line), pick(chance, &line));
        (
            vec![one(person, format!("{first} {last}"), "", ours)],
            vec![one(person + 1, format!("{second} {last}"), "", theirs)],
        )
    }),
    ("a family of one line, each with an e-mail", |chance, person| {
        let line = spellings(chance);
        let ((first, second), last) = (chance.two(&FIRST), chance.one(&LAST));
        let (ours, theirs) = (pick(chance, &line), pick(chance, &line));
        (
            vec![one(person, format!("{first} {last}"), mail(person), ours)],
            vec![one(person + 1, format!("{second} {last}"), mail(person + 1), theirs)],
        )
    }),
    ("a switchboard of three", |chance, person| {
        let line = spellings(chance);
        let names: Vec<String> = FIRST.iter().zip(LAST).map(|(first, last)| format!("{first} {last}")).collect();
        let at = usize::try_from(chance.below(20)).unwrap_or_default();
        let name = |nth: usize| names.get(at + nth).cloned().unwrap_or_default();
        (
            vec![one(person, name(0), "", pick(chance, &line)), one(person + 1, name(2), "", pick(chance, &line))],
            vec![one(person + 2, name(4), "", pick(chance, &line))],
        )
    }),
    ("a shop and its client", |chance, person| {
        let line = spellings(chance);
        let shop = format!("{} {}", chance.one(&TRADES), chance.one(&PLACES));
        let client = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        (
            vec![one(person, shop, mail(person), pick(chance, &line))],
            vec![one(person + 1, client, "", pick(chance, &line))],
        )
    }),
    ("two shops of one trade on one line", |chance, person| {
        let line = spellings(chance);
        let (trade, (here, there)) = (chance.one(&TRADES), chance.two(&PLACES));
        (
            vec![one(person, format!("{trade} {here}"), "", pick(chance, &line))],
            vec![one(person + 1, format!("{trade} {there}"), "", pick(chance, &line))],
        )
    }),
    ("two extensions of one line", |chance, person| {
        let (a, b) = (chance.digits(4), chance.digits(4));
        let name = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        (
            vec![one(person, name.clone(), "", format!("011 {a}-{b} int. 101"))],
            vec![one(person + 1, name, "", format!("+54 11 {a}-{b} ext 22"))],
        )
    }),
    ("an extension and the line alone", |chance, person| {
        let (a, b) = (chance.digits(4), chance.digits(4));
        let name = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        (
            vec![one(person, name.clone(), "", format!("011 {a}-{b} interno 5"))],
            vec![one(person + 1, name, "", format!("+5411{a}{b}"))],
        )
    }),
    ("one name and a filler or identity number", |chance, person| {
        let name = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        let number = chance.one(&[
            "1111111111",
            "1234567890",
            "20-12345678-6",
            "123.456.789-09",
            "+54 9 11 0000-0000",
            "12.345.678-5",
        ]);
        (vec![one(person, name.clone(), "", number)], vec![one(person + 1, name, "", number)])
    }),
    ("one name without a key", |chance, person| {
        let name = format!("{} {}", chance.one(&FIRST), chance.one(&LAST));
        (vec![one(person, name.clone(), "no tiene", "s/n")], vec![one(person + 1, name, "", "")])
    }),
];
