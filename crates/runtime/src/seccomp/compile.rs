//! From ranges of call numbers to a BPF program: a binary search, so that any
//! call takes some ten instructions instead of hundreds, and so that the
//! kernel checks and translates a short program at each start.

use crate::sys::seccomp::Instruction;

use super::policy::{Action, Check, Operator, Table};

// Operations, include/uapi/linux/bpf_common.h.
const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_EQUAL: u16 = 0x35;
const JUMP_SET: u16 = 0x45;
const RETURN: u16 = 0x06;

// Offsets in struct seccomp_data. The lower half of an argument comes first,
// on all architectures there are tables for.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

// Answers, include/uapi/linux/seccomp.h.
const ANSWER_ALLOW: u32 = 0x7fff_0000;
const ANSWER_ERRNO: u32 = 0x0005_0000;
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
        return answer(*action);
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

fn answer(action: Action) -> Vec<Instruction> {
    match action {
        Action::Allow => vec![instruction(RETURN, ANSWER_ALLOW)],
        Action::Errno(errno) => vec![instruction(RETURN, ANSWER_ERRNO | errno)],
        Action::Check(checks) => checked(checks),
    }
}

fn checked(checks: &[Check]) -> Vec<Instruction> {
    let mut program = vec![instruction(LOAD, FIRST_ARGUMENT)];
    for (number, check) in checks.iter().enumerate() {
        // Over the other checks and the refusal.
        let allow = (checks.len() - number) as u8;
        let value = check.value;
        program.push(match check.op {
            Operator::Lt => jump(JUMP_GREATER_EQUAL, value, 0, allow),
            Operator::Eq => jump(JUMP_EQUAL, value, allow, 0),
            Operator::Gt => jump(JUMP_GREATER, value, allow, 0),
            Operator::NoneOf => jump(JUMP_SET, value, 0, allow),
        });
    }
    program.extend(answer(Action::Errno(nix::libc::EPERM as u32)));
    program.extend(answer(Action::Allow));
    program
}

fn instruction(code: u16, k: u32) -> Instruction {
    jump(code, k, 0, 0)
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caps::{Capability, CapabilitySet};
    use crate::seccomp::policy::{Architecture, tables};

    const EPERM: u32 = ANSWER_ERRNO | 1;
    const ENOSYS: u32 = ANSWER_ERRNO | 38;

    /// Runs a program as the kernel does: the answer, and the steps it took.
    fn run(program: &[Instruction], audit: u32, number: u32, argument: u64) -> (u32, usize) {
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
                        FIRST_ARGUMENT => argument as u32,
                        other => panic!("load from {other}"),
                    };
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
