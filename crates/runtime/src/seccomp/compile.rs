//! From ranges of call numbers to a BPF program: a binary search, so that any
//! call takes some ten instructions instead of hundreds, and so that the
//! kernel checks and translates a short program at each start.

use crate::sys::seccomp::Instruction;

use super::policy::{Action, Table};

/// One alternative of a call: what to answer when all conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) conditions: Vec<Condition>,
    /// The kernel's code, `SECCOMP_RET_…`.
    pub(super) answer: u32,
}

/// A condition on one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// 0 to 5.
    pub(super) argument: u8,
    pub(super) comparison: Comparison,
    /// What the argument is compared with.
    pub(super) value: u64,
    pub(super) width: Width,
}

/// How an argument is compared, as unsigned numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Ne,
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    /// Equal in the bits of the mask; the others count as 0.
    MaskedEq {
        mask: u64,
    },
}

/// How much of an argument there is to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// The lower 32 bits.
    Low,
    /// All 64.
    Full,
}

// Operations, include/uapi/linux/bpf_common.h.
const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_EQUAL: u16 = 0x35;
const JUMP_SET: u16 = 0x45;
const RETURN: u16 = 0x06;
const AND: u16 = 0x54;

// Offsets in struct seccomp_data. The lower half of an argument comes first,
// on all architectures there are tables for.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

/// Answer to an interface that there is no table for.
const ANSWER_KILL_PROCESS: u32 = 0x8000_0000;

/// The program for all of `tables`. Calls through an interface without a table
/// end the process: nothing is known about their numbers.
pub(super) fn program(tables: &[Table]) -> Vec<Instruction> {
    let mut program = vec![instruction(LOAD, ARCHITECTURE)];
    for table in tables {
        let mut body = vec![instruction(LOAD, NUMBER)];
        body.extend(search(&table.ranges));
        program.push(jump(JUMP_EQUAL, table.audit, 1, 0));
        program.push(instruction(JUMP, body.len() as u32));
        program.extend(body);
    }
    program.push(instruction(RETURN, ANSWER_KILL_PROCESS));
    program
}

/// A search tree over `ranges`, the call number being loaded.
fn search(ranges: &[(u32, Action)]) -> Vec<Instruction> {
    if let [(_, action)] = ranges {
        return answer(action);
    }
    let (below, above) = ranges.split_at(ranges.len() / 2);
    let border = above[0].0;
    let below = search(below);
    let above = search(above);
    let mut tree = Vec::with_capacity(below.len() + above.len() + 2);
    match u8::try_from(below.len()) {
        Ok(distance) => tree.push(jump(JUMP_GREATER_EQUAL, border, distance, 0)),
        // Conditional jumps reach 255 instructions, others everything.
        Err(_) => {
            tree.push(jump(JUMP_GREATER_EQUAL, border, 0, 1));
            tree.push(instruction(JUMP, below.len() as u32));
        }
    }
    tree.extend(below);
    tree.extend(above);
    tree
}

fn answer(action: &Action) -> Vec<Instruction> {
    match action {
        Action::Answer(code) => vec![instruction(RETURN, *code)],
        Action::Rules(rules, otherwise) => {
            let mut program = Vec::new();
            // What the accumulator holds when a rule is left for the next.
            let mut loaded = None;
            for rule in rules {
                loaded = append_rule(&mut program, rule, loaded);
            }
            program.push(instruction(RETURN, *otherwise));
            program
        }
    }
}

/// Where a comparison leads to.
#[derive(Clone, Copy)]
enum To {
    /// The next instruction.
    Next,
    /// The next condition.
    Holds,
    /// The next rule.
    Fails,
}

/// Instructions whose jumps have names instead of distances.
#[derive(Default)]
struct Body {
    code: Vec<(Instruction, To, To)>,
    /// What the accumulator holds, when it is known on every way here.
    loaded: Option<u32>,
}

impl Body {
    fn test(&mut self, at: u32, code: u16, k: u32, holds: To, fails: To) {
        if self.loaded != Some(at) {
            self.code.push((instruction(LOAD, at), To::Next, To::Next));
            self.loaded = Some(at);
        }
        self.code.push((instruction(code, k), holds, fails));
    }

    /// Compares the bits of `mask` in the word at `at` with `value`.
    fn masked(&mut self, at: u32, mask: u32, value: u32) {
        if value == 0 {
            self.test(at, JUMP_SET, mask, To::Fails, To::Next);
            return;
        }
        self.code.push((instruction(LOAD, at), To::Next, To::Next));
        self.code.push((instruction(AND, mask), To::Next, To::Next));
        self.loaded = None;
        self.code
            .push((instruction(JUMP_EQUAL, value), To::Next, To::Fails));
    }

    fn condition(&mut self, condition: &Condition) {
        use To::{Fails, Holds, Next};

        let low_at = FIRST_ARGUMENT + 8 * u32::from(condition.argument);
        let high_at = low_at + 4;
        let (high, low) = ((condition.value >> 32) as u32, condition.value as u32);
        let full = condition.width == Width::Full;
        match condition.comparison {
            Comparison::Eq => {
                if full {
                    self.test(high_at, JUMP_EQUAL, high, Next, Fails);
                }
                self.test(low_at, JUMP_EQUAL, low, Next, Fails);
            }
            Comparison::Ne => {
                if full {
                    self.test(high_at, JUMP_EQUAL, high, Next, Holds);
                }
                self.test(low_at, JUMP_EQUAL, low, Fails, Next);
            }
            comparison @ (Comparison::Gt | Comparison::Ge) => {
                if full {
                    self.test(high_at, JUMP_GREATER, high, Holds, Next);
                    self.test(high_at, JUMP_EQUAL, high, Next, Fails);
                }
                let or_equal = comparison == Comparison::Ge;
                let code = if or_equal {
                    JUMP_GREATER_EQUAL
                } else {
                    JUMP_GREATER
                };
                self.test(low_at, code, low, Next, Fails);
            }
            comparison @ (Comparison::Lt | Comparison::Le) => {
                if full {
                    self.test(high_at, JUMP_GREATER, high, Fails, Next);
                    self.test(high_at, JUMP_EQUAL, high, Next, Holds);
                }
                let or_equal = comparison == Comparison::Le;
                let code = if or_equal {
                    JUMP_GREATER
                } else {
                    JUMP_GREATER_EQUAL
                };
                self.test(low_at, code, low, Fails, Next);
            }
            Comparison::MaskedEq { mask } => {
                if full {
                    self.masked(high_at, (mask >> 32) as u32, high);
                }
                self.masked(low_at, mask as u32, low);
            }
        }
        if full {
            // It may have been decided by either half.
            self.loaded = None;
        }
    }
}

/// One rule: its conditions, then its answer. Takes what is loaded before it
/// and answers what is loaded after it.
fn append_rule(program: &mut Vec<Instruction>, rule: &Rule, loaded: Option<u32>) -> Option<u32> {
    let mut body = Body {
        loaded,
        ..Body::default()
    };
    let mut ends = Vec::with_capacity(rule.conditions.len());
    for condition in &rule.conditions {
        body.condition(condition);
        ends.push(body.code.len());
    }
    let answer_at = body.code.len();
    for (at, (mut now, holds, fails)) in body.code.into_iter().enumerate() {
        let end = ends
            .iter()
            .copied()
            .find(|end| at < *end)
            .unwrap_or(answer_at);
        // A rule has at most 6 conditions of at most 6 instructions each, so
        // that all of it is within reach.
        let distance = |to| match to {
            To::Next => 0,
            To::Holds => (end - at - 1) as u8,
            To::Fails => (answer_at - at) as u8,
        };
        now.jt = distance(holds);
        now.jf = distance(fails);
        program.push(now);
    }
    program.push(instruction(RETURN, rule.answer));
    // With several conditions it depends on which of them failed.
    body.loaded.filter(|_| rule.conditions.len() == 1)
}

fn instruction(code: u16, k: u32) -> Instruction {
    jump(code, k, 0, 0)
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

/// Runs a program as the kernel does: the answer, and the steps it took.
#[cfg(test)]
pub(super) fn emulate(
    program: &[Instruction],
    audit: u32,
    number: u32,
    arguments: [u64; 6],
) -> (u32, usize) {
    let mut loaded = 0;
    let mut at = 0;
    for steps in 1.. {
        let now = program[at];
        at += 1;
        let holds = match now.code {
            LOAD => {
                loaded = match now.k {
                    NUMBER => number,
                    ARCHITECTURE => audit,
                    offset => {
                        let place = offset.checked_sub(FIRST_ARGUMENT).expect("an argument");
                        let argument = arguments[place as usize / 8];
                        (argument >> (place % 8 * 8)) as u32
                    }
                };
                continue;
            }
            AND => {
                loaded &= now.k;
                continue;
            }
            JUMP => {
                at += now.k as usize;
                continue;
            }
            RETURN => return (now.k, steps),
            JUMP_EQUAL => loaded == now.k,
            JUMP_GREATER => loaded > now.k,
            JUMP_GREATER_EQUAL => loaded >= now.k,
            JUMP_SET => loaded & now.k != 0,
            code => panic!("unexpected operation {code:#x}"),
        };
        at += usize::from(if holds { now.jt } else { now.jf });
    }
    unreachable!("the range has no end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caps::{Capability, CapabilitySet};
    use crate::seccomp::policy::{Architecture, tables};

    const ANSWER_ALLOW: u32 = 0x7fff_0000;
    const EPERM: u32 = 0x0005_0001;
    const ENOSYS: u32 = 0x0005_0026;

    fn run(program: &[Instruction], audit: u32, number: u32, argument: u64) -> (u32, usize) {
        emulate(program, audit, number, [argument, 0, 0, 0, 0, 0])
    }

    fn default_program(capabilities: CapabilitySet, native: Architecture) -> Vec<Instruction> {
        program(&tables(native, capabilities))
    }

    /// Numbers of all calls of an architecture (column of `syscalls.csv`).
    fn calls(column: usize) -> Vec<(&'static str, u32)> {
        include_str!("syscalls.csv")
            .lines()
            .skip(1)
            .filter_map(|line| {
                let fields: Vec<_> = line.split(',').collect();
                Some((fields[0], fields[column].parse().ok()?))
            })
            .collect()
    }

    /// Counts of answers: allowed, allowed or not by argument, ENOSYS though
    /// named, EPERM, ENOSYS for being newer than the policy.
    fn census(
        native: Architecture,
        column: usize,
        capabilities: CapabilitySet,
    ) -> (usize, Vec<&'static str>, Vec<&'static str>, usize, usize) {
        let program = default_program(capabilities, native);
        let answer = |number, argument| run(&program, native.audit(), number, argument).0;
        let (mut allowed, mut by_argument, mut absent) = (0, Vec::new(), Vec::new());
        let (mut refused, mut newer) = (0, 0);
        for (name, number) in calls(column) {
            let answers = [0, 38, 0x7e02_0000].map(|argument| answer(number, argument));
            match answers {
                [ANSWER_ALLOW, ANSWER_ALLOW, ANSWER_ALLOW] => allowed += 1,
                [EPERM, EPERM, EPERM] => refused += 1,
                [ENOSYS, ENOSYS, ENOSYS] if number > 466 => newer += 1,
                [ENOSYS, ENOSYS, ENOSYS] => absent.push(name),
                _ => by_argument.push(name),
            }
        }
        (allowed, by_argument, absent, refused, newer)
    }

    #[test]
    fn counts_are_the_documented_ones() {
        let checked = vec!["clone", "personality", "socket"];
        assert_eq!(
            census(Architecture::X86_64, 1, CapabilitySet::DEFAULT),
            (306, checked.clone(), vec!["clone3"], 70, 5)
        );
        assert_eq!(
            census(Architecture::Aarch64, 4, CapabilitySet::DEFAULT),
            (264, checked, vec!["clone3"], 55, 5)
        );
        assert_eq!(
            census(
                Architecture::X86_64,
                1,
                CapabilitySet::DEFAULT.with(Capability::SYS_ADMIN)
            ),
            (331, vec!["personality", "socket"], vec![], 47, 5)
        );
    }

    #[test]
    fn arguments_decide() {
        let program = default_program(CapabilitySet::DEFAULT, Architecture::X86_64);
        let answer = |number, argument| run(&program, 0xc000_003e, number, argument).0;
        const SOCKET: u32 = 41;
        for family in [0, 1, 2, 10, 16, 37, 39, 41, 45] {
            assert_eq!(answer(SOCKET, family), ANSWER_ALLOW, "family {family}");
        }
        for family in [38, 40, 38 | 1 << 32, 40 | 7 << 40] {
            assert_eq!(answer(SOCKET, family), EPERM, "family {family:#x}");
        }
        const PERSONALITY: u32 = 135;
        for persona in [0, 8, 0x20000, 0x20008, 0xffff_ffff] {
            assert_eq!(answer(PERSONALITY, persona), ANSWER_ALLOW, "{persona:#x}");
        }
        for persona in [1, 0x40000, 0x0400_0000, 0x0040_0000] {
            assert_eq!(answer(PERSONALITY, persona), EPERM, "{persona:#x}");
        }
        const CLONE: u32 = 56;
        assert_eq!(answer(CLONE, 0x0120_0011), ANSWER_ALLOW, "fork");
        assert_eq!(answer(CLONE, 0x003d_0f00), ANSWER_ALLOW, "a thread");
        for bit in [17, 25, 26, 27, 28, 29, 30] {
            assert_eq!(answer(CLONE, 1 << bit), EPERM, "bit {bit}");
        }
    }

    #[test]
    fn other_interfaces_are_covered() {
        let program = default_program(CapabilitySet::DEFAULT, Architecture::X86_64);
        let answer = |audit, number| run(&program, audit, number, 0).0;
        const X86_64: u32 = 0xc000_003e;
        const X86: u32 = 0x4000_0003;
        const X32: u32 = 0x4000_0000;
        assert_eq!(answer(X86, 4), ANSWER_ALLOW, "write of i386");
        assert_eq!(answer(X86, 21), EPERM, "mount of i386");
        assert_eq!(answer(X86, 102), ANSWER_ALLOW, "socketcall of i386");
        assert_eq!(answer(X86_64, X32 | 1), ANSWER_ALLOW, "write of x32");
        assert_eq!(answer(X86_64, X32 | 165), EPERM, "mount of x32");
        assert_eq!(
            answer(X86_64, X32 | 512),
            ANSWER_ALLOW,
            "rt_sigaction of x32"
        );
        assert_eq!(answer(X86_64, X32 | 600), ENOSYS);
        assert_eq!(answer(X86_64, 467), ENOSYS);
        assert_eq!(answer(X86_64, 500), ENOSYS);
        assert_eq!(answer(X86_64, u32::MAX), ENOSYS);
        assert_eq!(answer(X86, 500), ENOSYS);
        assert_eq!(answer(0xc000_00b7, 1), ANSWER_KILL_PROCESS, "aarch64");
    }

    #[test]
    fn programs_are_short_and_quick() {
        let program = default_program(CapabilitySet::DEFAULT, Architecture::X86_64);
        assert!(program.len() < 1000, "{} instructions", program.len());
        let longest = (0..600)
            .map(|number| run(&program, 0xc000_003e, number, 0).1)
            .max();
        assert!(longest < Some(24), "{longest:?} steps");
    }
}
