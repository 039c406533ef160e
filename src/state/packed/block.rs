//! Short texts, each packed alone: what stands in a dictionary, or earlier in the text, is named by its distance and length. The
//! form is that of LZ4's blocks; its libraries prepare the dictionary anew for each text, which takes longer than the text.

/// A repetition that is shorter would take more room than it saves.
const LEAST: usize = 4;

/// At how many places that begin alike a repetition is looked for.
const LOOKS: usize = 12;

/// How far back a repetition may stand: two bytes hold it.
const FARTHEST: usize = 0xffff;

/// How many places a run's first four bytes are told apart by.
const HEADS: usize = 1 << 12;

/// A dictionary, and where its runs of four bytes stand.
#[derive(Debug)]
pub(super) struct Dictionary {
    bytes: &'static [u8],
    newest: Vec<u32>,
    before: Vec<u32>,
}

/// For each run of four bytes where it stood last, and for each place where the same stood before it; 0 is nowhere.
struct Places<'a> {
    newest: Vec<u32>,
    /// Of the dictionary, then of the text.
    before: (&'a [u32], Vec<u32>),
}

impl Dictionary {
    /// Prepares a dictionary, once for all texts.
    pub(super) fn of(bytes: &'static [u8]) -> Self {
        let mut places = Places { newest: vec![0; HEADS], before: (&[], Vec::new()) };
        (0..bytes.len()).for_each(|at| places.note(bytes, at));
        Self { bytes, newest: places.newest, before: places.before.1 }
    }

    /// The text, packed.
    pub(super) fn pack(&self, text: &[u8]) -> Vec<u8> {
        let window = [self.bytes, text].concat();
        let before = (self.before.as_slice(), Vec::with_capacity(text.len()));
        let mut places = Places { newest: self.newest.clone(), before };
        let mut packed = Vec::with_capacity(text.len());
        let (mut at, mut literals) = (self.bytes.len(), self.bytes.len());
        while at < window.len() {
            let found = places.longest(&window, at);
            let length = found.map_or(1, |(_, length)| length);
            (at..at + length).for_each(|place| places.note(&window, place));
            if let Some((from, length)) = found {
                put(&mut packed, window.get(literals..at).unwrap_or_default(), Some((at - from, length)));
                literals = at + length;
            }
            at += length;
        }
        put(&mut packed, window.get(literals..).unwrap_or_default(), None);
        packed
    }

    /// The text that was packed, of at most `longest` bytes; `None` for what nobody packed.
    pub(super) fn unpack(&self, packed: &[u8], longest: usize) -> Option<Vec<u8>> {
        let longest = self.bytes.len().checked_add(longest)?;
        let mut window = self.bytes.to_vec();
        let mut rest = packed.iter().copied();
        while let Some(token) = rest.next() {
            for _ in 0..length(&mut rest, token >> 4)? {
                window.push(rest.next()?);
            }
            let Some(low) = rest.next() else { break };
            let distance = usize::from(u16::from_le_bytes([low, rest.next()?]));
            let length = length(&mut rest, token & 0xf)?.checked_add(LEAST)?;
            let from = window.len().checked_sub(distance).filter(|_| distance > 0)?;
            if window.len().checked_add(length)? > longest {
                return None;
            }
            if length <= distance {
                window.extend_from_within(from..from + length);
            } else {
                (from..from + length).try_for_each(|place| window.get(place).copied().map(|byte| window.push(byte)))?;
            }
        }
        (window.len() <= longest).then(|| window.split_off(self.bytes.len()))
    }
}

impl Places<'_> {
    /// Notes what stands at the next place.
    fn note(&mut self, window: &[u8], at: usize) {
        let head = head(window, at).and_then(|head| self.newest.get_mut(head));
        let place = u32::try_from(at + 1).unwrap_or_default();
        self.before.1.push(head.map_or(0, |head| std::mem::replace(head, place)));
    }

    /// Where the longest run stands that also stands at `at`, and how long it is.
    fn longest(&self, window: &[u8], at: usize) -> Option<(usize, usize)> {
        let here = window.get(at..)?;
        let mut place = *self.newest.get(head(window, at)?)?;
        let mut longest = None;
        for _ in 0..LOOKS {
            let Some(from) = usize::try_from(place).ok()?.checked_sub(1) else { break };
            if at - from > FARTHEST {
                break;
            }
            let alike = window.get(from..)?.iter().zip(here).take_while(|(there, here)| there == here).count();
            if alike >= LEAST && longest.is_none_or(|(_, length)| alike > length) {
                longest = Some((from, alike));
            }
            place = match from.checked_sub(self.before.0.len()) {
                Some(own) => *self.before.1.get(own)?,
                None => *self.before.0.get(from)?,
            };
        }
        longest
    }
}

fn head(window: &[u8], at: usize) -> Option<usize> {
    let run = u32::from_le_bytes(*window.get(at..)?.first_chunk()?);
    usize::try_from(run.wrapping_mul(2_654_435_761) >> 20).ok()
}

/// One step: bytes as they are, then a repetition, but after the last bytes.
fn put(packed: &mut Vec<u8>, literals: &[u8], repeated: Option<(usize, usize)>) {
    let more = repeated.map_or(0, |(_, length)| length - LEAST);
    packed.push(nibble(literals.len()) << 4 | nibble(more));
    put_length(packed, literals.len());
    packed.extend_from_slice(literals);
    if let Some((distance, _)) = repeated {
        packed.extend_from_slice(&u16::try_from(distance).unwrap_or_default().to_le_bytes());
        put_length(packed, more);
    }
}

/// What of a length stands in the step's first byte; 15 says that more follows.
fn nibble(length: usize) -> u8 {
    u8::try_from(length.min(15)).unwrap_or(15)
}

fn put_length(packed: &mut Vec<u8>, length: usize) {
    let Some(mut left) = length.checked_sub(15) else { return };
    while left >= 255 {
        packed.push(255);
        left -= 255;
    }
    packed.push(u8::try_from(left).unwrap_or_default());
}

fn length(rest: &mut impl Iterator<Item = u8>, nibble: u8) -> Option<usize> {
    let mut length = usize::from(nibble);
    if nibble == 15 {
        loop {
            let more = rest.next()?;
            length = length.checked_add(usize::from(more))?;
            if more < 255 {
                break;
            }
        }
    }
    Some(length)
}
