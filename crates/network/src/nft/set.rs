//! Sets and maps of a table. A key is one field or several, each in four bytes,
//! as the registers hold them when a rule looks a packet up.

use crate::family::Family;
use crate::netlink::message::{CREATE, Message};

use super::{LIST_ELEMENT, NFTABLES, fixed};

const NEWSET: u16 = NFTABLES | 9;
const NEWSETELEM: u16 = NFTABLES | 12;
const DELSETELEM: u16 = NFTABLES | 14;

const SET_TABLE: u16 = 1;
const SET_NAME: u16 = 2;
const SET_FLAGS: u16 = 3;
const SET_KEY_TYPE: u16 = 4;
const SET_KEY_LENGTH: u16 = 5;
const SET_DATA_TYPE: u16 = 6;
const SET_DATA_LENGTH: u16 = 7;
const SET_ID: u16 = 10;
const SET_USERDATA: u16 = 13;
const LIST_TABLE: u16 = 1;
const LIST_SET: u16 = 2;
const LIST_ELEMENTS: u16 = 3;
const ELEMENT_KEY: u16 = 1;
const ELEMENT_DATA: u16 = 2;
const DATA_VALUE: u16 = 1;

/// `NFT_SET_MAP`: elements have values.
const MAP: u32 = 0x8;
/// What nft keeps in a set for itself: that keys are in the host's byte order.
const HOST_ORDER: [u8; 6] = [0, 4, 1, 0, 0, 0];
/// Bits of one field's type in the type of a key of several; nft's own number
/// of a type goes into them, so that its listing is readable.
const TYPE_BITS: u32 = 6;
/// Elements of one message: an attribute's length has 16 bits.
const CHUNK: usize = 512;

/// A part of a key or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// An address; in a packet the destination.
    Address(Family),
    /// A transport protocol's number.
    Protocol,
    /// A port; in a packet the destination.
    Port,
    /// A link's index; in a packet the link it came by.
    Link,
}

impl Field {
    /// nft's number of the type.
    fn kind(self) -> u32 {
        match self {
            Self::Address(Family::V4) => 7,
            Self::Address(Family::V6) => 8,
            Self::Protocol => 12,
            Self::Port => 13,
            Self::Link => 20,
        }
    }

    /// How many parts of four bytes it takes.
    pub(super) fn words(self) -> u32 {
        match self {
            Self::Address(family) => family.length() / 4,
            Self::Protocol | Self::Port | Self::Link => 1,
        }
    }
}

/// A set, or a map if its elements have values.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [Field],
    /// Empty for a set.
    pub(crate) value: &'static [Field],
    pub(crate) elements: Vec<Element>,
}

/// A key and, in a map, its value: fields of four bytes, or several times four.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) key: Vec<[u8; 4]>,
    pub(crate) value: Vec<[u8; 4]>,
}

impl Set {
    /// Makes the set; `id` tells it from others of the transaction.
    pub(super) fn declaration(&self, family: Family, table: &str, id: u32) -> Message {
        let mut message = Message::request(NEWSET, CREATE, &fixed(family.number(), 0));
        message
            .string(SET_TABLE, table)
            .string(SET_NAME, self.name)
            .be32(SET_ID, id)
            .be32(SET_KEY_TYPE, kind(self.key))
            .be32(SET_KEY_LENGTH, length(self.key));
        if self.key == [Field::Link] {
            message.attribute(SET_USERDATA, &HOST_ORDER);
        }
        if !self.value.is_empty() {
            message
                .be32(SET_FLAGS, MAP)
                .be32(SET_DATA_TYPE, kind(self.value))
                .be32(SET_DATA_LENGTH, length(self.value));
        }
        message
    }
}

/// Adds elements to a set.
pub(super) fn additions(
    family: Family,
    table: &str,
    set: &str,
    elements: &[Element],
) -> Vec<Message> {
    changes(NEWSETELEM, CREATE, (family, table), set, elements)
}

/// Takes elements out of a set.
pub(super) fn removals(
    family: Family,
    table: &str,
    set: &str,
    elements: &[Element],
) -> Vec<Message> {
    changes(DELSETELEM, 0, (family, table), set, elements)
}

fn changes(
    kind: u16,
    flags: u16,
    (family, table): (Family, &str),
    set: &str,
    elements: &[Element],
) -> Vec<Message> {
    elements
        .chunks(CHUNK)
        .map(|chunk| {
            let mut message = Message::request(kind, flags, &fixed(family.number(), 0));
            message
                .string(LIST_TABLE, table)
                .string(LIST_SET, set)
                .nest(LIST_ELEMENTS, |list| {
                    for element in chunk {
                        list.nest(LIST_ELEMENT, |item| element.fill(item));
                    }
                });
            message
        })
        .collect()
}

impl Element {
    fn fill(&self, item: &mut Message) {
        item.nest(ELEMENT_KEY, |key| {
            key.attribute(DATA_VALUE, self.key.as_flattened());
        });
        if !self.value.is_empty() {
            item.nest(ELEMENT_DATA, |value| {
                value.attribute(DATA_VALUE, self.value.as_flattened());
            });
        }
    }
}

fn kind(fields: &[Field]) -> u32 {
    fields
        .iter()
        .fold(0, |kind, field| kind << TYPE_BITS | field.kind())
}

fn length(fields: &[Field]) -> u32 {
    fields.iter().map(|field| 4 * field.words()).sum()
}
