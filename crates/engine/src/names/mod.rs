//! Names of containers: the rule for a valid one, default names, and the one
//! index through which every name, id or id prefix is resolved.

mod words;

use std::collections::{BTreeMap, HashMap};

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Result};
use crate::id;

/// Which container has which name. Full ids are kept sorted, so that a prefix
/// is a range.
#[derive(Default)]
pub(crate) struct NameIndex {
    by_name: HashMap<String, String>,
    by_id: BTreeMap<String, String>,
}

impl NameIndex {
    /// Gives `name` to the container `id`, or says who has it.
    pub(crate) fn reserve(&mut self, name: &str, id: &str) -> Result<()> {
        if let Some(owner) = self.by_name.get(name) {
            return Err(taken(name, owner));
        }
        self.by_name.insert(name.to_owned(), id.to_owned());
        self.by_id.insert(id.to_owned(), name.to_owned());
        Ok(())
    }

    /// Gives `id` another name. The old one is free afterwards.
    pub(crate) fn rename(&mut self, id: &str, name: &str) -> Result<()> {
        if let Some(owner) = self.by_name.get(name) {
            return Err(taken(name, owner));
        }
        if let Some(old) = self.by_id.insert(id.to_owned(), name.to_owned()) {
            self.by_name.remove(&old);
        }
        self.by_name.insert(name.to_owned(), id.to_owned());
        Ok(())
    }

    /// Forgets a container.
    pub(crate) fn release(&mut self, id: &str) {
        if let Some(name) = self.by_id.remove(id) {
            self.by_name.remove(&name);
        }
    }

    /// The full id for a full id, an exact name (a leading slash does not
    /// matter) or a unique prefix of an id.
    pub(crate) fn resolve(&self, given: &str) -> Result<String> {
        if given.is_empty() {
            return Err(Error::bad_parameter("invalid name or ID supplied: \"\""));
        }
        if self.by_id.contains_key(given) {
            return Ok(given.to_owned());
        }
        if let Some(id) = self.by_name.get(given.strip_prefix('/').unwrap_or(given)) {
            return Ok(id.clone());
        }
        let mut matches = self
            .by_id
            .range(given.to_owned()..)
            .map(|(id, _)| id)
            .take_while(|id| id.starts_with(given));
        match (matches.next(), matches.next()) {
            (Some(id), None) => Ok(id.clone()),
            (Some(_), Some(_)) => Err(Error::bad_parameter(format!(
                "Multiple IDs found with provided prefix: {given}"
            ))),
            (None, _) => Err(Error::no_such_container(given)),
        }
    }

    /// A free default name: two words, after a few collisions with a digit,
    /// in the end the short id.
    pub(crate) fn invent(&self, id: &str) -> String {
        for attempt in 0..6 {
            let mut name = format!("{}_{}", pick(words::ADJECTIVES), pick(words::SURNAMES));
            if attempt > 0 {
                name.push(char::from(b'0' + (random_u32() % 10) as u8));
            }
            if !self.by_name.contains_key(&name) {
                return name;
            }
        }
        id::short(id).to_owned()
    }
}

/// Checks a name given by a client and takes the optional slash off.
pub(crate) fn validate(given: &str) -> Result<&str> {
    let name = given.strip_prefix('/').unwrap_or(given);
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if !first || !rest || name.len() < 2 {
        return Err(Error::bad_parameter(format!(
            "Invalid container name ({given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        )));
    }
    Ok(name)
}

fn taken(name: &str, owner: &str) -> Error {
    Error::conflict(format!(
        "Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". \
         You have to remove (or rename) that container to be able to reuse that name."
    ))
}

fn pick(words: &'static [&'static str]) -> &'static str {
    words[random_u32() as usize % words.len()]
}

/// A name is not a secret: should the random source fail, the first words do.
fn random_u32() -> u32 {
    let mut bytes = [0u8; 4];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const A: &str = "aa00000000000000000000000000000000000000000000000000000000000000";
    const B: &str = "ab00000000000000000000000000000000000000000000000000000000000000";

    fn index() -> NameIndex {
        let mut index = NameIndex::default();
        index.reserve("web", A).expect("free");
        index.reserve("ab", B).expect("free");
        index
    }

    #[test]
    fn resolves_id_then_name_then_prefix() {
        let index = index();
        assert_eq!(index.resolve(A).expect("id"), A);
        assert_eq!(index.resolve("/web").expect("name"), A);
        assert_eq!(index.resolve("ab").expect("name before prefix"), B);
        assert_eq!(index.resolve("aa").expect("prefix"), A);
    }

    #[test]
    fn refusals_are_dockerds() {
        let index = index();
        let text = |given| index.resolve(given).expect_err("refused");
        assert_eq!(text("").message, "invalid name or ID supplied: \"\"");
        assert_eq!(text("").kind, ErrorKind::BadParameter);
        assert_eq!(text("zz").message, "No such container: zz");
        assert_eq!(text("zz").kind, ErrorKind::NotFound);
        assert_eq!(
            text("a").message,
            "Multiple IDs found with provided prefix: a"
        );
        assert_eq!(text("a").kind, ErrorKind::BadParameter);
    }

    #[test]
    fn a_taken_name_says_by_whom() {
        let mut index = index();
        let error = index.reserve("web", B).expect_err("taken");
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert_eq!(
            error.message,
            format!(
                "Conflict. The container name \"/web\" is already in use by container \"{A}\". \
                 You have to remove (or rename) that container to be able to reuse that name."
            )
        );
        index.rename(A, "other").expect("free");
        index.rename(B, "web").expect("free now");
        assert_eq!(index.resolve("web").expect("renamed"), B);
        index.release(B);
        assert!(index.resolve("web").is_err());
    }

    #[test]
    fn names_start_alphanumeric_and_have_two_characters() {
        for good in ["ab", "/ab", "a-b_c.d", "0x"] {
            assert!(validate(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/", "_a", "-a", "a b", "a/b", "ä1"] {
            let error = validate(bad).expect_err(bad);
            assert_eq!(error.kind, ErrorKind::BadParameter);
            assert_eq!(
                error.message,
                format!(
                    "Invalid container name ({bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
                )
            );
        }
    }

    #[test]
    fn invented_names_are_valid_words_and_free() {
        let mut index = NameIndex::default();
        for number in 0..200 {
            let id = format!("{number:064x}");
            let name = index.invent(&id);
            assert_eq!(validate(&name).expect("valid"), name);
            index.reserve(&name, &id).expect("free");
        }
        for word in words::ADJECTIVES.iter().chain(words::SURNAMES) {
            assert!(
                word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{word}"
            );
        }
    }
}
