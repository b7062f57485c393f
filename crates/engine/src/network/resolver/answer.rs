//! What becomes of a question: an answer from what is known, or a name server's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{A, AAAA, PTR, RData};
use simple_dns::{
    CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE,
};

use super::Scope;

/// Seconds that an answer holds, as dockerd says.
const HOLDS: u32 = 600;

/// What is known of names.
pub(super) trait Known {
    /// The addresses of a name; none when it is nobody's.
    fn resolve(&self, name: &str) -> Vec<IpAddr>;

    /// The name of an address.
    fn name_of(&self, address: IpAddr) -> Option<String>;
}

impl Known for Scope {
    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        Scope::resolve(self, name)
    }

    fn name_of(&self, address: IpAddr) -> Option<String> {
        Scope::name_of(self, address)
    }
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Not even its number can be read.
    Ignore,
    /// This is the answer.
    Answer(Vec<u8>),
    /// Others may know.
    Forward,
}

/// Reads a question. An answer longer than `limit` bytes is cut, and says so.
pub(super) fn decide(question: &[u8], known: &impl Known, limit: Option<usize>) -> Decision {
    let packet = match Packet::parse(question) {
        Ok(packet) if !packet.has_flags(PacketFlag::RESPONSE) => packet,
        Ok(_) => return Decision::Ignore,
        Err(_) => return refusal(question, RCODE::FormatError),
    };
    if packet.opcode() != OPCODE::StandardQuery {
        return refusal(question, RCODE::NotImplemented);
    }
    let [asked] = packet.questions.as_slice() else {
        return refusal(question, RCODE::FormatError);
    };
    let is_internet = matches!(asked.qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY);
    if !is_internet {
        return Decision::Forward;
    }
    let name = asked.qname.to_string().to_ascii_lowercase();
    let mut data = Vec::new();
    if asked.qtype == QTYPE::TYPE(TYPE::PTR) {
        let Some(owner) = reversed(&name).and_then(|address| known.name_of(address)) else {
            return Decision::Forward;
        };
        let Ok(owner) = Name::new(&owner).map(Name::into_owned) else {
            return Decision::Forward;
        };
        data.push(RData::PTR(PTR(owner)));
    } else {
        let addresses = known.resolve(&name);
        if addresses.is_empty() {
            return Decision::Forward;
        }
        // Of another kind than addresses it has nothing: the answer is empty,
        // since nobody else knows the name.
        let is_asked = |kind| matches!(asked.qtype, QTYPE::ANY) || asked.qtype == QTYPE::TYPE(kind);
        let (v4, v6) = (is_asked(TYPE::A), is_asked(TYPE::AAAA));
        data.extend(addresses.into_iter().filter_map(|address| match address {
            IpAddr::V4(address) => v4.then(|| RData::A(A::from(address))),
            IpAddr::V6(address) => v6.then(|| RData::AAAA(AAAA::from(address))),
        }));
    }
    let records = data
        .into_iter()
        .map(|data| ResourceRecord::new(asked.qname.clone(), CLASS::IN, HOLDS, data));
    let mut reply = Packet::new_reply(packet.id());
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if packet.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    reply.questions.push(asked.clone());
    reply.answers.extend(records);
    loop {
        let Ok(bytes) = reply.build_bytes_vec_compressed() else {
            return refusal(question, RCODE::ServerFailure);
        };
        if limit.is_none_or(|limit| bytes.len() <= limit) || reply.answers.is_empty() {
            return Decision::Answer(bytes);
        }
        reply.set_flags(PacketFlag::TRUNCATION);
        // Each takes 16 bytes, behind a name that stands there once.
        reply
            .answers
            .truncate(reply.answers.len() - reply.answers.len().div_ceil(4));
    }
}

/// The answer when no name server has one.
pub(super) fn failure(question: &[u8]) -> Option<Vec<u8>> {
    match refusal(question, RCODE::ServerFailure) {
        Decision::Answer(answer) => Some(answer),
        _ => None,
    }
}

/// An answer that has nothing but a reason; to what is no question, none.
fn refusal(question: &[u8], reason: RCODE) -> Decision {
    let Some(&[high, low, flags, _, ..]) = question.get(..12) else {
        return Decision::Ignore;
    };
    if flags & 0x80 != 0 {
        return Decision::Ignore;
    }
    let mut reply = Packet::new_reply(u16::from_be_bytes([high, low]));
    *reply.rcode_mut() = reason;
    if let Ok(packet) = Packet::parse(question) {
        reply.questions.extend(packet.questions.into_iter().take(1));
        match reply.build_bytes_vec() {
            Ok(bytes) => Decision::Answer(bytes),
            Err(_) => Decision::Ignore,
        }
    } else {
        match reply.build_bytes_vec() {
            Ok(bytes) => Decision::Answer(bytes),
            Err(_) => Decision::Ignore,
        }
    }
}

/// The address of `4.3.2.1.in-addr.arpa`, and of 32 digits before `ip6.arpa`.
fn reversed(name: &str) -> Option<IpAddr> {
    let name = name.trim_end_matches('.');
    if let Some(digits) = name.strip_suffix(".in-addr.arpa") {
        let parts = digits.split('.').map(|part| part.parse::<u8>().ok());
        let [d, c, b, a] = parts.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
        return Some(Ipv4Addr::new(a, b, c, d).into());
    }
    let mut address = 0u128;
    let mut count = 0;
    for digit in name.strip_suffix(".ip6.arpa")?.rsplit('.') {
        let value = u8::from_str_radix(digit, 16).ok();
        let value = value.filter(|_| digit.len() == 1 && digit != "+")?;
        address = address << 4 | u128::from(value);
        count += 1;
    }
    (count == 32).then(|| Ipv6Addr::from(address).into())
}

#[cfg(test)]
mod tests {
    use simple_dns::Question;

    use super::*;

    const DB: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
    const DB6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);

    struct Some3;

    impl Known for Some3 {
        fn resolve(&self, name: &str) -> Vec<IpAddr> {
            match name {
                "db" => vec![DB.into(), DB6.into()],
                "many" => (1..=100)
                    .map(|last| Ipv4Addr::new(10, 0, 1, last).into())
                    .collect(),
                _ => Vec::new(),
            }
        }

        fn name_of(&self, address: IpAddr) -> Option<String> {
            (address == DB || address == DB6).then(|| "db.net".to_owned())
        }
    }

    fn question(name: &str, kind: TYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(7);
        let name = Name::new(name).expect("a name").into_owned();
        packet.questions.push(Question::new(
            name,
            QTYPE::TYPE(kind),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        packet.build_bytes_vec().expect("a question")
    }

    fn answer(name: &str, kind: TYPE, limit: Option<usize>) -> Vec<u8> {
        match decide(&question(name, kind), &Some3, limit) {
            Decision::Answer(answer) => answer,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn a_known_name_is_answered_without_regard_to_case() {
        let bytes = answer("DB", TYPE::A, None);
        let reply = Packet::parse(&bytes).expect("an answer");
        assert_eq!(reply.id(), 7);
        assert_eq!(reply.answers[0].rdata, RData::A(A::from(DB)));
        assert_eq!(reply.answers.len(), 1);
        let bytes = answer("db", TYPE::AAAA, None);
        let reply = Packet::parse(&bytes).expect("an answer");
        assert_eq!(reply.answers.len(), 1);
        assert_eq!(reply.answers[0].rdata, RData::AAAA(AAAA::from(DB6)));
        for (name, kind) in [("db", TYPE::TXT), ("many", TYPE::AAAA)] {
            let bytes = answer(name, kind, None);
            let reply = Packet::parse(&bytes).expect("an answer");
            assert_eq!((reply.rcode(), reply.answers.len()), (RCODE::NoError, 0));
        }
    }

    #[test]
    fn what_nobody_knows_is_passed_on() {
        for (name, kind) in [("else", TYPE::A), ("9.0.0.10.in-addr.arpa", TYPE::PTR)] {
            let decision = decide(&question(name, kind), &Some3, None);
            assert_eq!(decision, Decision::Forward, "{name}");
        }
    }

    #[test]
    fn an_address_leads_back_to_its_name() {
        let six = format!("2.{}0.0.d.f.ip6.arpa", "0.".repeat(27));
        for question in ["2.0.0.10.in-addr.arpa", &six] {
            let bytes = answer(question, TYPE::PTR, None);
            let reply = Packet::parse(&bytes).expect("an answer");
            let RData::PTR(PTR(name)) = &reply.answers[0].rdata else {
                panic!("{:?}", reply.answers);
            };
            assert_eq!(name.to_string(), "db.net");
        }
        for wrong in ["2.0.0.ip6.arpa", "x.ip6.arpa", "ip6.arpa", "..ip6.arpa"] {
            assert_eq!(reversed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        let bytes = answer("many", TYPE::A, Some(512));
        assert!(bytes.len() <= 512, "{}", bytes.len());
        let reply = Packet::parse(&bytes).expect("an answer");
        assert!(reply.has_flags(PacketFlag::TRUNCATION) && reply.answers.len() > 10);
        let bytes = answer("many", TYPE::A, None);
        assert_eq!(Packet::parse(&bytes).expect("an answer").answers.len(), 100);
    }

    #[test]
    fn nonsense_is_refused_or_ignored() {
        assert_eq!(decide(&[], &Some3, None), Decision::Ignore);
        assert_eq!(decide(&[0; 11], &Some3, None), Decision::Ignore);
        // An answer is no question, whatever else it is.
        let mut reply = question("db", TYPE::A);
        reply[2] |= 0x80;
        assert_eq!(decide(&reply, &Some3, None), Decision::Ignore);
        let whole = question("db", TYPE::A);
        for length in 12..whole.len() {
            let decision = decide(&whole[..length], &Some3, None);
            let Decision::Answer(answer) = decision else {
                panic!("{length}: {decision:?}");
            };
            assert_eq!(answer[..2], whole[..2]);
            assert_eq!(answer[3] & 0x0f, 1, "a wrong format");
        }
        // A name that points at itself.
        let mut looped = whole[..12].to_vec();
        looped.extend([0xc0, 12, 0, 1, 0, 1]);
        assert!(!matches!(decide(&looped, &Some3, None), Decision::Forward));
    }
}
