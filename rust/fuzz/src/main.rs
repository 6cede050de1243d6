//! libFuzzer over the targets of `pontoon::fuzzing`; `FUZZ_TARGET` names one.
//! Built by `make fuzz`, whose compiler flags put the coverage counters in.
#![no_main]

use std::panic;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pontoon::fuzzing::{TARGETS, is_violation};

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fn init() {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let Some((_, target)) = TARGETS.iter().find(|(known, _)| *known == name) else {
        let known = TARGETS.map(|(name, _)| name).join(", ");
        eprintln!("FUZZ_TARGET is \"{name}\": set it to one of {known}");
        std::process::exit(2);
    };
    let _ = TARGET.set(*target);
    // In place of libFuzzer's hook, which would end the process: that a panic
    // inside the library ends one node only is what is tested. A panic of the
    // target itself is caught by libFuzzer further up.
    let _ = panic::take_hook();
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload_as_str().is_some_and(is_violation) {
            print(info);
        }
    }));
}

fuzz_target!(init: init(), |data: &[u8]| {
    if let Some(target) = TARGET.get() {
        target(data);
    }
});
