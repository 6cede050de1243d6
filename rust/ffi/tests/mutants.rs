//! With the feature `mutants`, PONTOON_MUTANT is read once in a process: each
//! case runs this binary again.
#![cfg(feature = "mutants")]

use std::ffi::{CStr, c_char};
use std::process::Command;

use pontoon::*;

/// What pontoon_make says in this process, whatever its environment.
#[test]
fn say() {
    let voters = [1];
    let nothing = PontoonBytes {
        data: std::ptr::null(),
        len: 0,
    };
    let (mut node, mut error) = (0, [0 as c_char; 2048]);
    // SAFETY: an all-zero PontoonConfig is valid, and the pointers lead to live
    // memory; a failed pontoon_make ends the text with a NUL, as zeros do.
    let text = unsafe {
        let mut config: PontoonConfig = std::mem::zeroed();
        config.struct_size = size_of::<PontoonConfig>();
        config.id = 1;
        config.voters = voters.as_ptr();
        config.voters_len = voters.len();
        let status = pontoon_make(&config, nothing, nothing, 0, &mut node, error.as_mut_ptr(), error.len());
        format!("{status:?} {}", CStr::from_ptr(error.as_ptr()).to_str().unwrap())
    };
    println!("said: {text}");
}

fn said(mutant: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "say", "--nocapture"])
        .env("PONTOON_MUTANT", mutant)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.split_once("said: "));
    line.unwrap_or_else(|| panic!("{text}")).1.to_string()
}

#[test]
fn a_known_name_is_taken() {
    assert_eq!(said("vote-twice"), "PontoonOk ");
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let text = said("vote-thrice");
    assert!(
        text.starts_with("PontoonErrConfig PONTOON_MUTANT names no mutant: \"vote-thrice\""),
        "{text}"
    );
    assert!(text.contains("vote-twice"), "{text}");
}
