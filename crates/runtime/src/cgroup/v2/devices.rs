//! Device rules as an eBPF program: version 2 has no files for them.
//!
//! The kernel calls the program for each access with the type and wish packed
//! in one word, then major and minor number (`struct bpf_cgroup_dev_ctx`). It
//! answers 1 to allow.

use crate::cgroup::devices::{DeviceKind, Rule};
use crate::sys::bpf::Instruction;

// Operations, include/uapi/linux/bpf.h.
const LOAD_WORD: u8 = 0x61;
const AND_IMMEDIATE: u8 = 0x54;
const SHIFT_RIGHT: u8 = 0x74;
const MOVE_IMMEDIATE: u8 = 0xb4;
const MOVE_REGISTER: u8 = 0xbc;
const JUMP_NOT_EQUAL: u8 = 0x56;
const EXIT: u8 = 0x95;

// Wishes, bits 16 and up of the first word.
const MAKE: i32 = 1;
const READ: i32 = 2;
const WRITE: i32 = 4;

// Types, the low 16 bits of the first word.
const BLOCK: i32 = 1;
const CHAR: i32 = 2;

const RESULT: u8 = 0;
const CONTEXT: u8 = 1;
const TYPE: u8 = 2;
const ACCESS: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
const SCRATCH: u8 = 6;

/// A program that allows what any of `rules` allows and nothing else.
pub(super) fn compile(rules: &[Rule]) -> Vec<Instruction> {
    let mut program = vec![
        load(TYPE, 0),
        immediate(AND_IMMEDIATE, TYPE, 0xffff),
        load(ACCESS, 0),
        immediate(SHIFT_RIGHT, ACCESS, 16),
        load(MAJOR, 4),
        load(MINOR, 8),
    ];
    for rule in rules {
        append(&mut program, rule);
    }
    program.push(immediate(MOVE_IMMEDIATE, RESULT, 0));
    program.push(immediate(EXIT, 0, 0));
    program
}

fn append(program: &mut Vec<Instruction>, rule: &Rule) {
    // Each test that fails jumps behind the rule; where that is becomes known
    // at the end.
    let mut block = Vec::new();
    match rule.kind {
        DeviceKind::All => {}
        DeviceKind::Block => block.push(immediate(JUMP_NOT_EQUAL, TYPE, BLOCK)),
        DeviceKind::Char => block.push(immediate(JUMP_NOT_EQUAL, TYPE, CHAR)),
    }
    let mut refused = 0;
    for (allowed, wish) in [(rule.make, MAKE), (rule.read, READ), (rule.write, WRITE)] {
        if !allowed {
            refused |= wish;
        }
    }
    if refused != 0 {
        block.push(Instruction {
            code: MOVE_REGISTER,
            registers: SCRATCH | (ACCESS << 4),
            offset: 0,
            immediate: 0,
        });
        block.push(immediate(AND_IMMEDIATE, SCRATCH, refused));
        block.push(immediate(JUMP_NOT_EQUAL, SCRATCH, 0));
    }
    for (register, number) in [(MAJOR, rule.major), (MINOR, rule.minor)] {
        if let Some(number) = number {
            block.push(immediate(JUMP_NOT_EQUAL, register, number as i32));
        }
    }
    block.push(immediate(MOVE_IMMEDIATE, RESULT, 1));
    block.push(immediate(EXIT, 0, 0));
    let length = block.len();
    for (position, instruction) in block.iter_mut().enumerate() {
        if instruction.code == JUMP_NOT_EQUAL {
            instruction.offset = (length - position - 1) as i16;
        }
    }
    program.append(&mut block);
}

fn load(register: u8, offset: i16) -> Instruction {
    Instruction {
        code: LOAD_WORD,
        registers: register | (CONTEXT << 4),
        offset,
        immediate: 0,
    }
}

fn immediate(code: u8, register: u8, value: i32) -> Instruction {
    Instruction {
        code,
        registers: register,
        offset: 0,
        immediate: value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program the way the kernel does.
    fn allows(program: &[Instruction], kind: i32, access: i32, major: i32, minor: i32) -> bool {
        let context = [kind | (access << 16), major, minor];
        let mut registers = [0_i32; 11];
        let mut at = 0;
        loop {
            let now = program[at];
            let to = usize::from(now.registers & 15);
            let from = usize::from(now.registers >> 4);
            at += 1;
            match now.code {
                LOAD_WORD => registers[to] = context[now.offset as usize / 4],
                AND_IMMEDIATE => registers[to] &= now.immediate,
                SHIFT_RIGHT => registers[to] = (registers[to] as u32 >> now.immediate) as i32,
                MOVE_IMMEDIATE => registers[to] = now.immediate,
                MOVE_REGISTER => registers[to] = registers[from],
                JUMP_NOT_EQUAL if registers[to] != now.immediate => at += now.offset as usize,
                JUMP_NOT_EQUAL => {}
                EXIT => return registers[0] == 1,
                code => panic!("unexpected operation {code:#x}"),
            }
        }
    }

    #[test]
    fn the_default_rules_open_only_harmless_devices() {
        let program = compile(&Rule::defaults());
        for (kind, access, major, minor, expected) in [
            (CHAR, READ | WRITE, 1, 3, true),
            (CHAR, READ, 1, 1, false),
            (CHAR, READ, 1, 11, false),
            (CHAR, MAKE, 1, 1, true),
            (BLOCK, MAKE, 8, 0, true),
            (BLOCK, READ, 8, 0, false),
            (BLOCK, READ, 1, 3, false),
            (CHAR, READ | WRITE | MAKE, 136, 42, true),
            (CHAR, WRITE, 5, 2, true),
            (CHAR, READ, 5, 3, false),
            (CHAR, READ, 10, 229, false),
            (CHAR, READ, 10, 200, true),
            (CHAR, READ | MAKE, 10, 229, false),
        ] {
            assert_eq!(
                allows(&program, kind, access, major, minor),
                expected,
                "{kind} {access} {major}:{minor}"
            );
        }
    }

    #[test]
    fn everything_may_be_allowed() {
        let program = compile(&["a *:* rwm".parse().expect("rule")]);
        assert!(allows(&program, BLOCK, READ | WRITE, 8, 0));
    }
}
