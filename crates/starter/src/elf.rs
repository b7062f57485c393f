//! The smallest program that writes a text: an ELF file put together from its
//! header, eight instructions and the text. There is nothing to compile, so
//! nothing can vary.

/// Where the program is loaded.
const BASE: u64 = 0x40_0000;
/// Lengths of the file's header and of its one program header.
const HEADERS: u64 = 64 + 56;

/// A static executable that writes `text` to standard output and ends with
/// status 0; none for an architecture whose instructions are not known here.
pub fn writer(text: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(text.len()).ok()?;
    let (machine, code) = match std::env::consts::ARCH {
        "x86_64" => (62u16, x86_64(length)),
        "aarch64" => (183u16, aarch64(length)),
        _ => return None,
    };
    let size = HEADERS + code.len() as u64 + text.len() as u64;
    let mut file = Vec::new();
    // e_ident: 64 bits, little endian, version 1.
    file.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    file.extend(2u16.to_le_bytes()); // e_type: executable
    file.extend(machine.to_le_bytes());
    file.extend(1u32.to_le_bytes()); // e_version
    file.extend((BASE + HEADERS).to_le_bytes()); // e_entry
    file.extend(64u64.to_le_bytes()); // e_phoff
    file.extend(0u64.to_le_bytes()); // e_shoff
    file.extend(0u32.to_le_bytes()); // e_flags
    for field in [64u16, 56, 1, 0, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend(1u32.to_le_bytes()); // p_type: load
    file.extend(5u32.to_le_bytes()); // p_flags: read and execute
    for field in [0, BASE, BASE, size, size, 0x1_0000] {
        file.extend(field.to_le_bytes());
    }
    file.extend(code);
    file.extend(text.as_bytes());
    Some(file)
}

/// write(1, text, length); exit(0)
fn x86_64(length: u16) -> Vec<u8> {
    let mut code = vec![0xb8, 1, 0, 0, 0]; // mov eax, write
    code.extend([0xbf, 1, 0, 0, 0]); // mov edi, 1
    code.extend([0x48, 0x8d, 0x35, 16, 0, 0, 0]); // lea rsi, [rip + 16]
    code.push(0xba); // mov edx, length
    code.extend(u32::from(length).to_le_bytes());
    code.extend([0x0f, 0x05]); // syscall
    code.extend([0xb8, 60, 0, 0, 0]); // mov eax, exit
    code.extend([0x31, 0xff]); // xor edi, edi
    code.extend([0x0f, 0x05]); // syscall
    code
}

/// write(1, text, length); exit(0)
fn aarch64(length: u16) -> Vec<u8> {
    let instructions: [u32; 8] = [
        0xd280_0020,                          // mov x0, 1
        0x1000_00e1,                          // adr x1, text
        0xd280_0002 | u32::from(length) << 5, // mov x2, length
        0xd280_0808,                          // mov x8, write
        0xd400_0001,                          // svc 0
        0xd280_0000,                          // mov x0, 0
        0xd280_0ba8,                          // mov x8, exit
        0xd400_0001,                          // svc 0
    ];
    instructions
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect()
}
