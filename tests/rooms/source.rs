//! Which file imports which, as `use` and the paths in the code say.

use super::{BTreeMap, BTreeSet, Path, PathBuf};

/// All files below a folder, by their modules.
pub struct House {
    files: BTreeMap<PathBuf, String>,
    modules: BTreeMap<Vec<String>, Module>,
}

#[derive(Default)]
struct Module {
    /// Names that `use` brings in, with the paths they stand for.
    names: BTreeMap<String, Vec<String>>,
    /// Modules of which everything is brought in.
    globs: Vec<Vec<String>>,
    /// Items that the file itself defines.
    items: BTreeSet<String>,
    /// Paths that it names, relative to itself.
    paths: BTreeSet<Vec<String>>,
}

impl House {
    pub fn read(root: &str) -> Self {
        let mut house = Self { files: BTreeMap::new(), modules: BTreeMap::new() };
        let mut folders = vec![PathBuf::from(root)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                    house.files.insert(path.clone(), std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        let files: Vec<_> = house.files.iter().map(|(path, text)| (path.clone(), own_code(text))).collect();
        let names: BTreeSet<Vec<String>> = files.iter().map(|(path, _)| module_of(Path::new(root), path)).collect();
        for (path, code) in files {
            let name = module_of(Path::new(root), &path);
            house.modules.insert(name.clone(), Module::of(&code, &name, &names));
        }
        house
    }

    pub fn files(&self) -> impl Iterator<Item = (&PathBuf, &String)> {
        self.files.iter()
    }

    /// The file in which what a path names is defined.
    fn defined(&self, at: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let mut module = at.to_vec();
        let mut rest = path.iter();
        if depth > 12 {
            return None;
        }
        while let Some(part) = rest.next() {
            let child = [module.clone(), vec![part.clone()]].concat();
            let known = self.modules.get(&module)?;
            if part == "crate" {
                module = Vec::new();
            } else if part == "super" {
                module.pop();
            } else if part == "self" {
            } else if self.modules.contains_key(&child) {
                module = child;
            } else if let Some(stands_for) = known.names.get(part).filter(|_| !known.items.contains(part)) {
                let full: Vec<String> = stands_for.iter().chain(rest).cloned().collect();
                return self.defined(&module, &full, depth + 1);
            } else if known.items.contains(part) {
                return Some(module);
            } else {
                let all: Vec<String> = std::iter::once(part).chain(rest).cloned().collect();
                let found = known.globs.iter().find_map(|glob| {
                    let below = self.defined(&module, glob, depth + 1)?;
                    self.modules.get(&below)?.offers(part).then(|| self.defined(&below, &all, depth + 1)).flatten()
                });
                return Some(found.unwrap_or(module));
            }
        }
        Some(module)
    }

    /// For every folder: its entries, and whom each of them imports. A folder counts as one entry of the folder above it.
    fn imports(&self) -> BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> {
        let mut folders: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (from, module) in &self.modules {
            for path in &module.paths {
                let Some(to) = self.defined(from, path, 0).filter(|to| to != from) else { continue };
                // A folder's front (`mod.rs`, or the file of its name) holds what its files share, and uses them.
                if from.starts_with(&to) || to.starts_with(from) {
                    continue;
                }
                let same = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                let entry = |name: &[String]| name.get(same).cloned().unwrap_or_else(|| "mod".to_owned());
                let folder = folders.entry(from.iter().take(same).cloned().collect()).or_default();
                folder.entry(entry(from)).or_default().insert(entry(&to));
            }
        }
        folders
    }

    /// Entries of one folder that import one another, by a way of any length.
    pub fn circles(&self) -> Vec<String> {
        let mut circles = Vec::new();
        for (folder, entries) in self.imports() {
            let reach = |from: &String| {
                let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
                while let Some(next) = open.pop() {
                    let further = entries.get(&next).into_iter().flatten();
                    open.extend(further.filter(|name| seen.insert((*name).clone())).cloned());
                }
                seen
            };
            let reached: BTreeMap<&String, BTreeSet<String>> = entries.keys().map(|name| (name, reach(name))).collect();
            let mut done = BTreeSet::new();
            for (name, to) in &reached {
                let back = |other: &&String| reached.get(*other).is_some_and(|theirs| theirs.contains(*name));
                let circle: BTreeSet<&String> = to.iter().filter(back).collect();
                if !circle.is_empty() && done.insert(circle.clone()) {
                    circles
                        .push(format!("{}: {circle:?}", [vec!["src".to_owned()], folder.clone()].concat().join("/")));
                }
            }
        }
        circles
    }
}

impl Module {
    fn of(code: &str, name: &[String], all: &BTreeSet<Vec<String>>) -> Self {
        let mut module = Self::default();
        let mut rest = String::new();
        for statement in code.split_inclusive(';') {
            let start = statement.find("use ").filter(|at| {
                let before = statement[..*at].trim_end();
                before.is_empty() || before.ends_with(['}', '{', ']', ')']) || before.ends_with("pub")
            });
            match start {
                Some(at) if statement.ends_with(';') => {
                    rest.push_str(&statement[..at]);
                    module.bring(&statement[at + 4..statement.len() - 1]);
                }
                _ => rest.push_str(statement),
            }
        }
        let words = |text: &str| {
            let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            parts.map(str::to_owned).collect::<Vec<_>>()
        };
        let list = words(&rest);
        for pair in list.windows(2) {
            if ["fn", "struct", "enum", "trait", "type", "const", "static"].contains(&pair[0].as_str()) {
                module.items.insert(pair[1].clone());
            }
        }
        for (at, _) in rest.match_indices("::") {
            let start = rest[..at].rfind(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
            let text = &rest[start.map_or(0, |start| start + 1)..];
            let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
            let path: Vec<String> = text[..end.unwrap_or(text.len())]
                .split("::")
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect();
            let first = path.first().cloned().unwrap_or_default();
            let child = [name.to_vec(), vec![first.clone()]].concat();
            if first == "crate" || first == "super" || all.contains(&child) {
                module.paths.insert(path);
            }
        }
        module
    }

    /// Reads one `use`, with all its branches.
    fn bring(&mut self, tree: &str) {
        for (path, name) in branches(tree.trim(), &[]) {
            if path.first().is_some_and(|first| ["std", "core"].contains(&first.as_str())) {
                continue;
            }
            if name == "*" {
                self.globs.push(path.clone());
            } else {
                self.names.insert(name, path.clone());
            }
            self.paths.insert(path);
        }
    }

    fn offers(&self, name: &str) -> bool {
        self.items.contains(name) || self.names.contains_key(name)
    }
}

/// The paths of a `use`, each with the name it is known by.
fn branches(tree: &str, before: &[String]) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let inner = rest.trim_end().trim_end_matches('}');
        // `rest` ends with the brace that closes `head`'s.
        let inner = if rest.trim_end().ends_with('}') { &rest.trim_end()[..rest.trim_end().len() - 1] } else { inner };
        let path: Vec<String> = before
            .iter()
            .cloned()
            .chain(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned))
            .collect();
        return split(inner).iter().flat_map(|branch| branches(branch, &path)).collect();
    }
    let (path, name) =
        tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim().to_owned())));
    let mut parts: Vec<String> = before.to_vec();
    parts.extend(path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    if parts.last().is_some_and(|last| last == "self") {
        parts.pop();
    }
    let last = parts.last().cloned().unwrap_or_default();
    if last == "*" {
        parts.pop();
    }
    if parts.is_empty() { Vec::new() } else { vec![(parts, name.unwrap_or(last))] }
}

/// At the commas outside inner braces.
fn split(list: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in list.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(letter);
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// The code without comments, and without the tests at its end.
fn own_code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") { "" } else { line.split(" // ").next().unwrap_or_default() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn module_of(root: &Path, path: &Path) -> Vec<String> {
    let below = path.strip_prefix(root).unwrap().with_extension("");
    let mut parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}
