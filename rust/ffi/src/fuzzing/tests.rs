//! Replays every input that fuzzing found worth keeping or that ever failed.

use std::path::{Path, PathBuf};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::{TARGETS, Target, is_violation};

fn corpus(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let files = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// Says which input it was: a target knows nothing of files.
struct Named<'a>(&'a str, &'a dyn std::fmt::Debug);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("target {}, input {:?}", self.0, self.1);
        }
    }
}

fn replay((name, target): Target) {
    let files = corpus(name);
    assert!(files.len() >= 10, "{name}: {} inputs", files.len());
    for file in files {
        let _named = Named(name, &file);
        target(&std::fs::read(&file).unwrap());
    }
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..500 {
        let len = rng.random_range(0..300);
        let data: Vec<u8> = (0..len).map(|_| rng.random()).collect();
        let _named = Named(name, &data);
        target(&data);
    }
}

macro_rules! replays {
    ($($test:ident $at:literal)*) => { $(
        #[test]
        fn $test() {
            replay(TARGETS[$at]);
        }
    )* };
}

replays! {
    messages_of_the_corpus 0
    states_of_the_corpus 1
    calls_of_the_corpus 2
    threads_of_the_corpus 3
    clusters_of_the_corpus 4
}

#[test]
fn only_violations_of_raft_pass_for_such() {
    assert!(is_violation("the leader of term 7 lacks committed entry 3"));
    for defect in [
        "attempt to add with overflow",
        "index out of bounds",
        "a gap before entry 3",
    ] {
        assert!(!is_violation(defect));
    }
}
