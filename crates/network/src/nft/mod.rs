//! nftables over netlink: a table with chains and rules, put in place of the
//! table of that name in one transaction.

pub(crate) mod expression;

use std::io;

use crate::netlink::Socket;
use crate::netlink::message::{APPEND, CREATE, Message};
use expression::Expression;

const NETLINK_NETFILTER: isize = 12;

const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
/// The subsystem's number in the high byte of every message type.
const NFTABLES: u16 = 10 << 8;
const NEWTABLE: u16 = NFTABLES;
const GETTABLE: u16 = NFTABLES | 1;
const DELTABLE: u16 = NFTABLES | 2;
const NEWCHAIN: u16 = NFTABLES | 3;
const NEWRULE: u16 = NFTABLES | 6;

const TABLE_NAME: u16 = 1;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const LIST_ELEMENT: u16 = 1;

/// `NFPROTO_IPV4`
const IPV4: u8 = 2;

/// Where the kernel calls a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    Prerouting,
    Output,
    Postrouting,
}

/// A base chain and its rules.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    /// `filter` or `nat`.
    pub(crate) kind: &'static str,
    pub(crate) hook: Hook,
    pub(crate) priority: i32,
    pub(crate) rules: Vec<Vec<Expression>>,
}

/// Puts a table with these chains in the place of the one of that name.
pub(crate) fn replace(table: &str, chains: &[Chain]) -> io::Result<()> {
    let mut messages = vec![named(NEWTABLE, CREATE, table), named(DELTABLE, 0, table)];
    messages.push(named(NEWTABLE, CREATE, table));
    for chain in chains {
        messages.push(chain_message(table, chain));
        for rule in &chain.rules {
            messages.push(rule_message(table, chain.name, rule));
        }
    }
    transact(messages)
}

/// Removes a table; one that is not there is no error.
pub(crate) fn remove(table: &str) -> io::Result<()> {
    transact(vec![
        named(NEWTABLE, CREATE, table),
        named(DELTABLE, 0, table),
    ])
}

/// Whether a table is there.
pub(crate) fn exists(table: &str) -> io::Result<bool> {
    let request = named(GETTABLE, 0, table);
    match Socket::open(NETLINK_NETFILTER)?.request(request) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn transact(messages: Vec<Message>) -> io::Result<()> {
    let acknowledged = messages.len();
    let mut batch = vec![Message::plain(BATCH_BEGIN, 0, &fixed(0, NFTABLES >> 8))];
    batch.extend(messages);
    batch.push(Message::plain(BATCH_END, 0, &fixed(0, NFTABLES >> 8)));
    Socket::open(NETLINK_NETFILTER)?.batch(batch, acknowledged)
}

/// `struct nfgenmsg`: family, version, resource.
fn fixed(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

fn named(kind: u16, flags: u16, table: &str) -> Message {
    let mut message = Message::request(kind, flags, &fixed(IPV4, 0));
    message.string(TABLE_NAME, table);
    message
}

fn chain_message(table: &str, chain: &Chain) -> Message {
    let number = match chain.hook {
        Hook::Prerouting => 0,
        Hook::Output => 3,
        Hook::Postrouting => 4,
    };
    let mut message = Message::request(NEWCHAIN, CREATE, &fixed(IPV4, 0));
    message
        .string(CHAIN_TABLE, table)
        .string(CHAIN_NAME, chain.name)
        .string(CHAIN_TYPE, chain.kind)
        .nest(CHAIN_HOOK, |hook| {
            hook.be32(HOOK_NUMBER, number);
            hook.attribute(HOOK_PRIORITY, &chain.priority.to_be_bytes());
        });
    message
}

fn rule_message(table: &str, chain: &str, rule: &[Expression]) -> Message {
    let mut message = Message::request(NEWRULE, CREATE | APPEND, &fixed(IPV4, 0));
    message
        .string(RULE_TABLE, table)
        .string(RULE_CHAIN, chain)
        .nest(RULE_EXPRESSIONS, |list| {
            for part in rule.iter().flat_map(Expression::parts) {
                list.nest(LIST_ELEMENT, |element| part.fill(element));
            }
        });
    message
}
