//! nftables over netlink: a table with sets, chains and rules, put in place of
//! the table of that name in one transaction; and single elements of a set,
//! which cost a hundredth of that, since no hook of the kernel changes.

pub(crate) mod expression;
pub(crate) mod set;

use std::collections::BTreeMap;
use std::io;

use crate::family::Family;
use crate::netlink::Socket;
use crate::netlink::message::{APPEND, CREATE, Message, attributes, text};
use expression::Expression;
use set::{Element, Set};

const NETLINK_NETFILTER: isize = 12;

const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
/// The subsystem's number in the high byte of every message type.
const NFTABLES: u16 = 10 << 8;
const NEWTABLE: u16 = NFTABLES;
const GETTABLE: u16 = NFTABLES | 1;
const DELTABLE: u16 = NFTABLES | 2;
const NEWCHAIN: u16 = NFTABLES | 3;
const GETCHAIN: u16 = NFTABLES | 4;
const NEWRULE: u16 = NFTABLES | 6;
const GETGEN: u16 = NFTABLES | 16;

const TABLE_NAME: u16 = 1;
const GENERATION: u16 = 1;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_USE: u16 = 6;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const LIST_ELEMENT: u16 = 1;

/// `NFPROTO_INET`: IPv4 and IPv6.
const INET: u8 = 1;
/// `struct nfgenmsg`
const FIXED: usize = 4;

/// Where the kernel calls a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    Prerouting,
    Forward,
    Output,
    Postrouting,
}

impl Hook {
    fn number(self) -> u32 {
        match self {
            Self::Prerouting => 0,
            Self::Forward => 2,
            Self::Output => 3,
            Self::Postrouting => 4,
        }
    }
}

/// What a table holds.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) family: Family,
    pub(crate) name: String,
    pub(crate) sets: Vec<Set>,
    pub(crate) chains: Vec<Chain>,
}

/// A base chain and its rules.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    /// `filter` or `nat`.
    pub(crate) kind: &'static str,
    pub(crate) hook: Hook,
    pub(crate) priority: i32,
    /// Whether what no rule decides is dropped.
    pub(crate) drops: bool,
    pub(crate) rules: Vec<Vec<Expression>>,
}

/// A socket for tables of the namespace that it was opened in.
///
/// It is kept, since closing it waits until the kernel has freed what the last
/// transactions deleted, some ten milliseconds.
#[derive(Debug)]
pub(crate) struct Tables {
    socket: Socket,
}

impl Tables {
    /// Opens the socket.
    pub(crate) fn open() -> io::Result<Self> {
        Socket::open(NETLINK_NETFILTER).map(|socket| Self { socket })
    }

    /// Puts a table in the place of the one of its name.
    pub(crate) fn replace(&mut self, table: &Table) -> io::Result<()> {
        let (family, name) = (table.family, table.name.as_str());
        let mut messages = vec![
            // Made first, so that there is one to delete.
            named(NEWTABLE, CREATE, family, name),
            named(DELTABLE, 0, family, name),
            named(NEWTABLE, CREATE, family, name),
        ];
        for (id, set) in (1..).zip(&table.sets) {
            messages.push(set.declaration(family, name, id));
            messages.extend(set::additions(family, name, set.name, &set.elements));
        }
        for chain in &table.chains {
            messages.push(chain_message(family, name, chain));
            for rule in &chain.rules {
                messages.push(rule_message(family, name, chain.name, rule));
            }
        }
        self.transact(messages)
    }

    /// Adds elements to sets of a table, all or none.
    pub(crate) fn add(
        &mut self,
        family: Family,
        table: &str,
        elements: &[(&str, Vec<Element>)],
    ) -> io::Result<()> {
        let messages = elements
            .iter()
            .flat_map(|(set, elements)| set::additions(family, table, set, elements));
        self.transact(messages.collect())
    }

    /// Takes elements out of sets of a table, all or none.
    pub(crate) fn take(
        &mut self,
        family: Family,
        table: &str,
        elements: &[(&str, Vec<Element>)],
    ) -> io::Result<()> {
        let messages = elements
            .iter()
            .flat_map(|(set, elements)| set::removals(family, table, set, elements));
        self.transact(messages.collect())
    }

    /// Removes a table; one that is not there is no error.
    pub(crate) fn remove(&mut self, family: Family, table: &str) -> io::Result<()> {
        self.transact(vec![
            named(NEWTABLE, CREATE, family, table),
            named(DELTABLE, 0, family, table),
        ])
    }

    /// The names of all tables for these packets, whoever made them.
    pub(crate) fn list(&mut self, family: Family) -> io::Result<Vec<String>> {
        let request = Message::dump(GETTABLE, &fixed(family.number(), 0));
        let tables = self.socket.dump(request)?;
        let name = |body: &Vec<u8>| {
            let mut found = attributes(body, FIXED).filter(|(kind, _)| *kind == TABLE_NAME);
            found.next().map(|(_, value)| text(value))
        };
        Ok(tables.iter().filter_map(name).collect())
    }

    /// Whether a table is there, and its chains have the rules that they should.
    pub(crate) fn is_whole(&mut self, table: &Table) -> io::Result<bool> {
        let request = Message::dump(GETCHAIN, &fixed(table.family.number(), 0));
        let found = self.socket.dump(request)?;
        let mut rules = BTreeMap::new();
        for body in &found {
            let value = |wanted| {
                let mut all = attributes(body, FIXED).filter(|(kind, _)| *kind == wanted);
                all.next().map(|(_, value)| value)
            };
            if value(CHAIN_TABLE).map(text).as_deref() == Some(&*table.name)
                && let (Some(name), Some(uses)) = (value(CHAIN_NAME), value(CHAIN_USE))
            {
                let uses = uses.try_into().map(u32::from_be_bytes).unwrap_or_default();
                rules.insert(text(name), usize::try_from(uses).unwrap_or_default());
            }
        }
        let has = |chain: &Chain| rules.get(chain.name) == Some(&chain.rules.len());
        Ok(table.chains.iter().all(has))
    }

    /// A number that changes with every change of any table.
    pub(crate) fn generation(&mut self) -> io::Result<u32> {
        let request = Message::plain(GETGEN, 0, &fixed(0, 0));
        let found = self.socket.ask(request)?;
        let mut all = attributes(&found, FIXED).filter(|(kind, _)| *kind == GENERATION);
        let value = all.next().and_then(|(_, value)| value.try_into().ok());
        value
            .map(u32::from_be_bytes)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Whether a table is there.
    #[cfg(test)]
    pub(crate) fn exists(&mut self, family: Family, table: &str) -> io::Result<bool> {
        match self.settle(|socket| socket.request(named(GETTABLE, 0, family, table))) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The chains that drop forwarded IPv4 packets unless a rule accepts them,
    /// whoever made them: `ip filter FORWARD`. Those of the old iptables are not
    /// among them.
    pub(crate) fn forward_droppers(&mut self) -> io::Result<Vec<String>> {
        let chains = self.socket.dump(Message::dump(GETCHAIN, &fixed(0, 0)))?;
        Ok(chains
            .iter()
            .filter_map(|body| forward_dropper(body))
            .collect())
    }

    fn transact(&mut self, messages: Vec<Message>) -> io::Result<()> {
        let acknowledged = messages.len();
        let mut batch = vec![Message::plain(BATCH_BEGIN, 0, &fixed(0, NFTABLES >> 8))];
        batch.extend(messages);
        batch.push(Message::plain(BATCH_END, 0, &fixed(0, NFTABLES >> 8)));
        self.settle(|socket| socket.batch(batch, acknowledged))
    }

    /// A failed request may leave answers that nobody has read: what follows
    /// gets a fresh socket.
    fn settle(&mut self, ask: impl FnOnce(&mut Socket) -> io::Result<()>) -> io::Result<()> {
        let answer = ask(&mut self.socket);
        if answer.is_err() {
            self.socket = Socket::open(NETLINK_NETFILTER)?;
        }
        answer
    }
}

fn forward_dropper(body: &[u8]) -> Option<String> {
    let family = match *body.first()? {
        INET => "inet",
        family if family == Family::V4.number() => "ip",
        _ => return None,
    };
    let value = |wanted| {
        let mut found = attributes(body, FIXED).filter(|(kind, _)| *kind == wanted);
        found.next().map(|(_, value)| value)
    };
    let number = |value: &[u8]| Some(u32::from_be_bytes(value.try_into().ok()?));
    let hook = attributes(value(CHAIN_HOOK)?, 0).find(|(kind, _)| *kind == HOOK_NUMBER)?;
    let forward = number(hook.1)? == Hook::Forward.number();
    let drops = number(value(CHAIN_POLICY)?)? == expression::DROP;
    let (table, chain) = (text(value(CHAIN_TABLE)?), text(value(CHAIN_NAME)?));
    (forward && drops).then(|| format!("{family} {table} {chain}"))
}

/// `struct nfgenmsg`: family, version, resource.
fn fixed(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

fn named(kind: u16, flags: u16, family: Family, table: &str) -> Message {
    let mut message = Message::request(kind, flags, &fixed(family.number(), 0));
    message.string(TABLE_NAME, table);
    message
}

fn chain_message(family: Family, table: &str, chain: &Chain) -> Message {
    let policy = match chain.drops {
        true => expression::DROP,
        false => expression::ACCEPT,
    };
    let mut message = Message::request(NEWCHAIN, CREATE, &fixed(family.number(), 0));
    message
        .string(CHAIN_TABLE, table)
        .string(CHAIN_NAME, chain.name)
        .string(CHAIN_TYPE, chain.kind)
        .be32(CHAIN_POLICY, policy)
        .nest(CHAIN_HOOK, |hook| {
            hook.be32(HOOK_NUMBER, chain.hook.number());
            hook.attribute(HOOK_PRIORITY, &chain.priority.to_be_bytes());
        });
    message
}

fn rule_message(family: Family, table: &str, chain: &str, rule: &[Expression]) -> Message {
    let mut message = Message::request(NEWRULE, CREATE | APPEND, &fixed(family.number(), 0));
    message
        .string(RULE_TABLE, table)
        .string(RULE_CHAIN, chain)
        .nest(RULE_EXPRESSIONS, |list| {
            for part in rule.iter().flat_map(|one| one.parts(family)) {
                list.nest(LIST_ELEMENT, |element| part.fill(element));
            }
        });
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_chains_are_left_out() {
        for length in 0..40 {
            assert_eq!(forward_dropper(&vec![1u8; length]), None);
        }
    }
}
