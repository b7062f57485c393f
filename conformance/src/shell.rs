//! `sh -c` of the judge's image: enough of a shell for the shell form of
//! instructions. Commands between `;` and `&&`, variables, one kind of quotes,
//! and where the output goes.

use std::fs::OpenOptions;
use std::io;
use std::process::{Command, Stdio};

/// Runs a line and gives the status of its last command.
pub(crate) fn run(line: &str) -> io::Result<u8> {
    let mut status = 0;
    for list in line.split(['\n', ';']) {
        for command in list.split("&&") {
            status = single(command)?;
            if status != 0 {
                break;
            }
        }
    }
    Ok(status)
}

fn single(command: &str) -> io::Result<u8> {
    let mut words = split(command).into_iter();
    let Some(name) = words.next() else {
        return Ok(0);
    };
    if name == "exit" {
        let code = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        std::process::exit(code);
    }
    let mut child = Command::new(&name);
    while let Some(word) = words.next() {
        match word.as_str() {
            ">&2" => {
                let stderr = io::stderr();
                child.stdout(Stdio::from(
                    std::os::fd::AsFd::as_fd(&stderr).try_clone_to_owned()?,
                ));
            }
            ">" | ">>" => {
                let path = words.next().unwrap_or_default();
                let mut options = OpenOptions::new();
                options.create(true).write(true);
                options.append(word == ">>").truncate(word == ">");
                child.stdout(options.open(path)?);
            }
            _ => {
                child.arg(word);
            }
        }
    }
    match child.status() {
        Ok(status) => Ok(u8::try_from(status.code().unwrap_or(128)).unwrap_or(255)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("sh: {name}: not found");
            Ok(127)
        }
        Err(error) => Err(error),
    }
}

/// Words, with variables filled in but between single quotes.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = command.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            c if quote == Some(c) => quote = None,
            '$' if quote != Some('\'') => {
                let braced = rest.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                if braced {
                    rest.next_if_eq(&'}');
                }
                let value = std::env::var(&name).unwrap_or_default();
                word.get_or_insert_default().push_str(&value);
            }
            c if c.is_whitespace() && quote.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_quotes_and_variables() {
        let home = std::env::var("PATH").unwrap();
        assert_eq!(
            split("echo  a 'b  $PATH' \"\""),
            ["echo", "a", "b  $PATH", ""]
        );
        assert_eq!(split("x ${PATH}y"), ["x".to_owned(), format!("{home}y")]);
    }
}
