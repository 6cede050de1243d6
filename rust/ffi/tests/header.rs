//! include/pontoon.h is what this crate says it is.

use std::path::Path;

#[test]
fn the_committed_header_is_current() {
    let dir = env!("CARGO_MANIFEST_DIR");
    let config = cbindgen::Config::from_file(format!("{dir}/cbindgen.toml")).expect("cbindgen.toml");
    let mut generated = Vec::new();
    cbindgen::generate_with_config(dir, config)
        .expect("the crate can be read")
        .write(&mut generated);

    let path = Path::new(dir).join("../../include/pontoon.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &generated).expect("include/pontoon.h can be written");
    }
    let committed = std::fs::read(&path).expect("include/pontoon.h is there");
    assert!(
        committed == generated,
        "include/pontoon.h is stale: run `make header` and commit it"
    );
}
