//! The starter images: what the engine can run before it ever saw a registry.
//!
//! `hello-world` says that the installation works. `box` is a multi-call
//! program, the small change of shell commands, for first steps and for tests.
//! Both are made here, byte for byte the same on every build, so that their
//! images have the same ids everywhere.

pub mod elf;
pub mod layer;

/// The multi-call program of the image `box`.
const BOX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/box"));

/// What `hello-world` says.
const HELLO: &str = "
Hello from Longshore!
This line was written by a program in a container, so your installation works.

What happened on the way:
 1. Your client asked the daemon, longshored, to create a container from the
    image \"hello-world\", which comes with the daemon.
 2. The daemon handed it to a shim, which made the namespaces, the root file
    system and the limits, and started the image's one program in them.
 3. The program wrote this text; the shim logged it, and the daemon passed it
    on to your client.

Next, you could serve a page:
  docker run --rm -p 8080:80 box httpd -p 80 'It works'

";

/// An image of one layer, as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// Name and tag, `box:latest`.
    pub reference: &'static str,
    /// The layer, an uncompressed tar archive.
    pub layer: Vec<u8>,
    /// The image's command.
    pub cmd: Vec<String>,
    /// The image's environment, `NAME=value`.
    pub env: Vec<String>,
}

/// The starter images for the architecture of this build.
pub fn images() -> Vec<Starter> {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let image = |reference, layer, cmd: &str| Starter {
        reference,
        layer,
        cmd: vec![cmd.to_owned()],
        env: vec![path.to_owned()],
    };
    let mut images = vec![image("box:latest", layer::multicall(BOX), "/bin/box")];
    if let Some(program) = elf::writer(HELLO) {
        images.push(image(
            "hello-world:latest",
            layer::single("hello", &program),
            "/hello",
        ));
    }
    images
}

#[cfg(test)]
#[path = "../compile.rs"]
mod compile;

#[cfg(test)]
mod tests {
    use super::*;

    fn starter(reference: &str) -> Starter {
        let found = images()
            .into_iter()
            .find(|image| image.reference == reference);
        found.unwrap_or_else(|| panic!("no {reference}"))
    }

    fn unpack(image: &Starter) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        tar::Archive::new(&image.layer[..])
            .unpack(dir.path())
            .unwrap();
        dir
    }

    #[test]
    fn every_build_makes_the_same_bytes_wherever_it_happens() {
        assert_eq!(images(), images());
        let elsewhere = tempfile::tempdir().unwrap();
        let source = elsewhere.path().join(compile::SOURCE);
        std::fs::create_dir(source.parent().unwrap()).unwrap();
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(here.join(compile::SOURCE), source).unwrap();
        let out = elsewhere.path().join("box");
        let (rustc, target) = (env!("STARTER_RUSTC"), env!("STARTER_TARGET"));
        compile::compile(rustc, target, elsewhere.path(), &out).unwrap();
        assert!(std::fs::read(out).unwrap() == BOX, "another program");
    }

    #[test]
    fn hello_says_it_and_ends_well() {
        let root = unpack(&starter("hello-world:latest"));
        let program = root.path().join("hello");
        assert!(std::fs::metadata(&program).unwrap().len() < 2048);
        let output = std::process::Command::new(program).output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), HELLO);
    }

    #[test]
    fn the_box_s_applets_do_what_they_are_called() {
        let root = unpack(&starter("box:latest"));
        let program = root.path().join("bin/box");
        assert!(std::fs::metadata(&program).unwrap().len() < 1_600_000);
        let run = |args: &[&str]| {
            let output = std::process::Command::new(&program)
                .args(args)
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            (output.status.code(), text)
        };
        assert_eq!(run(&["echo", "a", "b"]), (Some(0), "a b\n".to_owned()));
        assert_eq!(run(&["echo", "-n", "a"]), (Some(0), "a".to_owned()));
        assert_eq!(run(&["true"]), (Some(0), String::new()));
        assert_eq!(run(&["false"]), (Some(1), String::new()));
        assert_eq!(run(&["seq", "3"]), (Some(0), "1\n2\n3\n".to_owned()));
        assert_eq!(run(&["no-such-applet"]).0, Some(127));
        let (status, listed) = run(&["ls", root.path().to_str().unwrap()]);
        assert_eq!(status, Some(0));
        assert_eq!(listed, "bin\netc\ntmp\n");
        let (status, said) = run(&["id"]);
        assert_eq!(status, Some(0));
        assert!(said.starts_with("uid="), "{said}");
    }
}
