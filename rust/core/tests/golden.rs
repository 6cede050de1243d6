//! Scripted scenarios with their transcripts: `tests/golden/*.txt`, whose names
//! are the index of behaviours. After a change of behaviour that is meant,
//! `UPDATE_GOLDEN=1 cargo test -p pontoon-core --test golden` rewrites the
//! transcripts; read every line of the difference before you keep it.

use std::fs;
use std::path::PathBuf;

mod kit;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn scenarios_go_as_written() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of scenarios")
        .map(|file| file.expect("a scenario").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 40, "only {} scenarios", paths.len());
    let mut different = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let written = fs::read_to_string(&path).expect("a readable scenario");
        let now = kit::script::run(&written);
        if update {
            fs::write(&path, now).expect("a writable scenario");
        } else if now != written {
            different.push(format!("{name}: {}", first_difference(&written, &now)));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn first_difference(written: &str, now: &str) -> String {
    let (mut written, mut now) = (written.lines(), now.lines());
    for number in 1.. {
        match (written.next(), now.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => {
                let text = |line: Option<&str>| line.unwrap_or("(the end)").to_string();
                return format!("line {number}\n  written: {}\n  now:     {}", text(one), text(other));
            }
        }
    }
    "only line ends differ".to_string()
}
