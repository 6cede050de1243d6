//! The C compiler, and running what it made.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A place for this test binary's files.
pub fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("the target directory is writable");
    dir
}

pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

pub fn include_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include")
}

/// The C compiler: CC, or cc.
pub fn cc() -> Command {
    compiler("CC", "cc")
}

/// The C++ compiler: CXX, or c++.
pub fn cxx() -> Command {
    compiler("CXX", "c++")
}

fn compiler(variable: &str, default: &str) -> Command {
    let name = std::env::var(variable).unwrap_or_else(|_| default.into());
    let mut words = name.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(default));
    command.args(words);
    command.args([
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-g",
        "-D_POSIX_C_SOURCE=200809L",
        "-I",
    ]);
    command.arg(include_dir());
    command
}

/// Runs a command that must succeed; returns its output.
pub fn run(command: &mut Command) -> String {
    let output = command.env("RUST_BACKTRACE", "0").output().unwrap_or_else(|error| {
        panic!(
            "{:?} does not start: {error}. Install it, or name another in CC or CXX.",
            command.get_program()
        )
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Whether a program can be started at all.
pub fn is_installed(program: impl AsRef<OsStr>) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
