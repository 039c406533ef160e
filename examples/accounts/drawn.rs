//! What the people of a life are like and what they write: names, phones and e-mails by the generator of
//! `examples/matching`, texts and tags by this one.

use std::collections::BTreeSet;

use super::Failure;
use super::generator::{self, WITHOUT_KEY, Written};

/// Somebody as both CRMs were told, or one of them.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub cliengo: Vec<Written>,
    pub ghl: Option<Written>,
}

/// Who may still come, in an order of their own.
pub struct Waiting(Vec<Vec<Newcomer>>);

impl Waiting {
    /// Of whom one is known by an address that GHL has besides, only where the location `shows_also`. Every third seed draws
    /// nobody who resembles somebody else: there all can be done, and a night can be good.
    pub fn draw(seed: u64, shows_also: bool, rng: &mut fastrand::Rng) -> Self {
        let mut pairs = generator::draw(seed, if seed.is_multiple_of(3) { 8 } else { 3 });
        let is_one = |pair: &generator::Pair| {
            let people = pair.cliengo.iter().chain(&pair.ghl).map(|written| written.person);
            people.collect::<BTreeSet<u32>>().len() == 1 && pair.class != WITHOUT_KEY
        };
        pairs.retain(|pair| {
            let needs_also = pair.ghl.iter().any(|written| written.also.is_some());
            (shows_also || !needs_also) && (!seed.is_multiple_of(3) || is_one(pair))
        });
        rng.shuffle(&mut pairs);
        let groups = pairs.into_iter().map(|pair| {
            let (cliengo, ghl) = (pair.cliengo.first(), pair.ghl.first());
            match (cliengo, ghl) {
                (Some(ours), Some(theirs)) if ours.person == theirs.person && pair.class != WITHOUT_KEY => {
                    vec![one(ours, theirs, !seed.is_multiple_of(3), rng)]
                }
                _ => {
                    let alone = |written: &Written| Newcomer { cliengo: vec![written.clone()], ghl: None };
                    let theirs =
                        pair.ghl.iter().map(|written| Newcomer { cliengo: vec![], ghl: Some(written.clone()) });
                    pair.cliengo.iter().map(alone).chain(theirs).collect()
                }
            }
        });
        Self(groups.collect())
    }

    /// The next who come together: one person, or several who share a line or a name.
    pub fn next(&mut self) -> Result<Vec<Newcomer>, Failure> {
        self.0.pop().ok_or_else(|| "nobody is left to come".into())
    }
}

/// One person on both sides, on one of them, or more than once in Cliengo.
fn one(ours: &Written, theirs: &Written, may_be_further: bool, rng: &mut fastrand::Rng) -> Newcomer {
    let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
    let is_named = ours.name.contains(' ') && theirs.name.contains(' ') && !ours.name.contains("Visitante");
    if is_named && rng.u8(..4) == 0 {
        let odd = odd_name(rng);
        (ours.name, theirs.name) = (odd.clone(), odd);
    }
    match rng.u8(..if may_be_further { 8 } else { 7 }) {
        0..4 => Newcomer { cliengo: vec![ours], ghl: Some(theirs) },
        4 | 5 => Newcomer { cliengo: vec![ours], ghl: None },
        6 => Newcomer { cliengo: vec![], ghl: Some(theirs) },
        _ => Newcomer { cliengo: vec![ours.clone(), ours], ghl: Some(theirs) },
    }
}

/// A name that a CRM may not store as it is, or that is written from right to left.
fn odd_name(rng: &mut fastrand::Rng) -> String {
    let odd = [
        "Sofía 🌸 Luna",
        "👩\u{200d}🔧 Taller Ñandú",
        "ليلى حداد",
        "\u{202b}שרה כהן\u{202c}",
        "李 雷",
        "María de los Ángeles Guadalupe Fernández Etchegoyen de Iturralde",
        "Ana <Ventas> Ruiz",
        "Pérez & Hijos",
        "D'Angelo \"Tito\" Ñuñez",
        "zoe\u{200b}  DE la cruz\u{200e}",
        "Inés O\u{301}rdoñez",
    ];
    rng.choice(odd).unwrap_or_default().to_owned()
}

/// A text with a mark by which it is known.
#[derive(Clone, Debug)]
pub struct Text {
    /// As it is written.
    pub body: String,
    /// What must be read of it on either side.
    pub reads: Vec<String>,
}

/// A note in plain text, as people write on both sides; markup that is meant as text, in Cliengo alone.
fn plain_note(mark: &str, is_ghl: bool, rng: &mut fastrand::Rng) -> Text {
    let said = [
        "pidió precio",
        "precio <a convenir>, si a<b y b>c",
        "<3 gracias & saludos 🌸👨\u{200d}👩\u{200d}👧",
        "stock <= 5 && precio > 10 \"neto\"",
        "usar &amp; y &lt;b&gt; en el código",
        "<script>alert(1)</script>",
        "مرحبا بكم، call שלום",
        "$ 1.500,00 el 3/4, seña 20 %",
        "uno\ndos\n\n  tres",
        "- lunes\n- martes\n1. miércoles",
        "ver https://example.com/a?x=1&y=2",
        "invi\u{200b}sible y e\u{301}l",
    ];
    let said = rng.choice(said).filter(|said| !is_ghl || !said.contains("</")).unwrap_or("llamar");
    let reads = said.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    Text { body: format!("{mark} {said}"), reads }
}

/// A note as GHL's editor makes it.
fn rich_note(mark: &str, rng: &mut fastrand::Rng) -> Text {
    let notes: [(&str, &[&str]); 8] = [
        ("<p>pidi&oacute; <b>precio</b></p>", &["pidió precio"]),
        ("<ul><li>lunes</li><li>martes</li></ul>", &["lunes", "martes"]),
        ("<ol><li>firmar</li><li>pagar</li></ol>", &["1. firmar", "2. pagar"]),
        (
            "<p>el <a href=\"https://example.com/p/17?x=1&amp;y=2\">presupuesto</a></p>",
            &["presupuesto", "https://example.com/p/17?x=1&y=2"],
        ),
        ("<p>plano <img src=\"https://example.com/plano.png\"></p>", &["plano", "https://example.com/plano.png"]),
        ("<div>P&eacute;rez &amp; Hijos<br>medida 2 &lt; 3</div>", &["Pérez & Hijos", "medida 2 < 3"]),
        ("<section>se\u{f1}a <s>100</s> 120 <mark>hoy</mark></section>", &["seña 100 120 hoy"]),
        ("<p>sin cerrar <b>nunca <i>jam\u{e1}s</p>", &["sin cerrar nunca jamás"]),
    ];
    let (body, reads) = rng.choice(notes).unwrap_or_default();
    Text { body: format!("<p>{mark}</p>{body}"), reads: reads.iter().map(|line| (*line).to_owned()).collect() }
}

pub fn note(mark: &str, is_ghl: bool, rng: &mut fastrand::Rng) -> Text {
    if is_ghl && rng.bool() { rich_note(mark, rng) } else { plain_note(mark, is_ghl, rng) }
}

/// The title of a task: no HTML on either side.
pub fn title(mark: &str, rng: &mut fastrand::Rng) -> Text {
    let said = rng.choice(["llamar", "por <a convenir>", "P&L 🌸", "اتصال"]).unwrap_or_default();
    Text { body: format!("{mark} {said}"), reads: vec![said.to_owned()] }
}

/// A tag as people type it; its number makes it nobody else's.
pub fn tag(number: u32, rng: &mut fastrand::Rng) -> String {
    let typed = rng.choice(["marca", "Año Nuevo ", " VIP ", "Ñandú\u{200b}", "🌸 promo ", "عميل "]);
    format!("{}{number}", typed.unwrap_or_default())
}

/// A given name that no other resembles: renamed people stay different from one another.
pub fn new_name(number: u32) -> String {
    const ONSETS: [&str; 11] = ["b", "d", "f", "g", "k", "l", "m", "r", "s", "t", "v"];
    const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];
    // 7919 is prime: neighbours look unrelated.
    let scattered = number as usize * 7919;
    let syllable = |at: u32| {
        let at = scattered / 55_usize.pow(at) % 55;
        [ONSETS.get(at / 5), VOWELS.get(at % 5)].into_iter().flatten().copied().collect::<String>()
    };
    format!("Qu{}{}{}", syllable(0), syllable(1), syllable(2))
}
