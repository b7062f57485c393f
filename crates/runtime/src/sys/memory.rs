//! What this process keeps in memory of its own program.

use std::io;

use nix::libc;

/// Lets go of the program's pages of machine code. Those that are run again come
/// back from the page cache; those that only the start needed do not count as this
/// process's memory any longer.
pub(crate) fn forget_code() -> io::Result<()> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let here = forget_code as fn() -> io::Result<()> as usize;
    let code = maps
        .lines()
        .find_map(|line| parse(line).filter(|code| code.contains(&here)));
    let code = code.ok_or(io::ErrorKind::NotFound)?;
    // SAFETY: the range is a private mapping of the program's file that cannot be
    // written (`r-x`), so every page can be read from the file again.
    super::check(libc::c_long::from(unsafe {
        libc::madvise(
            code.start as *mut libc::c_void,
            code.len(),
            libc::MADV_DONTNEED,
        )
    }))?;
    Ok(())
}

/// The addresses of a line of `/proc/PID/maps`, if it is code of a file.
fn parse(line: &str) -> Option<std::ops::Range<usize>> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let is_code = words.next() == Some("r-xp") && words.nth(3).is_some();
    let address = |text| usize::from_str_radix(text, 16).ok();
    is_code.then_some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_a_file_is_forgotten() {
        let line = "1000-3000 r-xp 00001000 fe:00 42                         /bin/engine";
        assert_eq!(parse(line), Some(0x1000..0x3000));
        assert_eq!(parse("1000-3000 rw-p 00001000 fe:00 42 /bin/engine"), None);
        assert_eq!(parse("1000-3000 r-xp 00000000 00:00 0"), None);
    }

    #[test]
    fn the_program_goes_on_without_it() {
        let before = resident_code();
        forget_code().expect("code that nobody can write");
        let after = resident_code();
        assert!(after < before, "{before} kB before, {after} kB after");
    }

    fn resident_code() -> u64 {
        let text = std::fs::read_to_string("/proc/self/status").expect("this process");
        let line = text.lines().find_map(|line| line.strip_prefix("RssFile:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        words.and_then(|word| word.parse().ok()).expect("a number")
    }
}
