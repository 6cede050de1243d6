//! The C programs of tests/c, compiled by every standard that the header
//! promises and run against the library as it is released: plainly, under
//! valgrind, and with the sanitizers.

mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::{cc, cxx, include_dir, is_installed, run, scratch, source};

const PROGRAMS: [&str; 6] = ["ownership", "misuse", "watching", "threads", "cluster", "panic"];
const C_STANDARDS: [&str; 3] = ["-std=c99", "-std=c11", "-std=c17"];

/// Where libpontoon.a and libpontoon.so are, built with the release profile:
/// what is tested is what is shipped, its panic strategy above all. A target
/// directory of its own keeps clear of the lock of the cargo that runs this.
fn library_dir() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let target = scratch("library");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        run(Command::new(env!("CARGO"))
            .args([
                "build",
                "--release",
                "--offline",
                "--locked",
                "--quiet",
                "--manifest-path",
            ])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target));
        target.join("release")
    })
}

/// Says aloud what was not checked: the test harness hides what print! writes.
fn not_checked(what: &str) {
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "NOT CHECKED: {what}");
}

fn link_static(compile: &mut Command) -> &mut Command {
    compile
        .arg(library_dir().join("libpontoon.a"))
        .args(["-lpthread", "-ldl", "-lm"])
}

/// Compiles a program against the static library.
fn build(mut compile: Command, program: &str, binary: &str) -> PathBuf {
    let binary = scratch("programs").join(binary);
    compile.arg(source(&format!("{program}.c"))).arg("-o").arg(&binary);
    if compile.get_args().any(|argument| argument == "c++") {
        compile.args(["-x", "none"]); // what follows is no C++ source
    }
    run(link_static(&mut compile));
    binary
}

fn build_c(program: &str, standard: &str) -> PathBuf {
    let mut compile = cc();
    compile.arg(standard);
    build(compile, program, &format!("{program}{standard}"))
}

fn check_ok(program: &str, output: &str) {
    assert!(
        output.contains(&format!("{program}: ok")),
        "{program} did not finish: {output}"
    );
}

#[test]
fn every_c_standard() {
    for program in PROGRAMS {
        for standard in C_STANDARDS {
            check_ok(program, &run(&mut Command::new(build_c(program, standard))));
        }
    }
}

#[test]
fn cplusplus() {
    for program in PROGRAMS {
        let mut compile = cxx();
        compile.args(["-std=c++17", "-x", "c++"]);
        let binary = build(compile, program, &format!("{program}-cxx"));
        check_ok(program, &run(&mut Command::new(binary)));
    }
}

#[test]
fn the_shared_library() {
    let dir = library_dir();
    for program in PROGRAMS {
        let binary = scratch("programs").join(format!("{program}-shared"));
        run(cc()
            .arg("-std=c99")
            .arg(source(&format!("{program}.c")))
            .arg("-o")
            .arg(&binary)
            .arg(dir.join("libpontoon.so"))
            .arg(format!("-Wl,-rpath,{}", dir.display()))
            .arg("-lpthread"));
        check_ok(program, &run(&mut Command::new(binary)));
    }
}

#[test]
fn valgrind_finds_no_leak_and_no_wild_access() {
    if !is_installed("valgrind") {
        not_checked("leaks and wild accesses of the C programs; install valgrind");
        return;
    }
    for program in PROGRAMS {
        let binary = scratch("programs").join(format!("{program}-valgrind"));
        let mut compile = cc();
        compile
            .arg("-std=c99")
            .arg(source(&format!("{program}.c")))
            .arg("-o")
            .arg(&binary);
        run(link_static(&mut compile));
        // Fair scheduling: threads that wait by yielding must not starve others.
        let output = run(Command::new("valgrind")
            .args([
                "-q",
                "--fair-sched=yes",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite,possible",
            ])
            .arg("--error-exitcode=9")
            .arg(binary));
        check_ok(program, &output);
    }
}

#[test]
fn the_sanitizers_find_nothing() {
    const SANITIZE: &str = "-fsanitize=address,undefined";
    // Not every compiler comes with the run-time libraries.
    let probe = scratch("programs").join("probe.c");
    std::fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    let probed = cc()
        .arg(SANITIZE)
        .arg(&probe)
        .arg("-o")
        .arg(probe.with_extension(""))
        .output();
    if !probed.is_ok_and(|output| output.status.success()) {
        not_checked("the C programs under ASan and UBSan; this compiler cannot link them");
        return;
    }
    for program in PROGRAMS {
        let mut compile = cc();
        compile.args([
            "-std=c11",
            SANITIZE,
            "-fno-sanitize-recover=all",
            "-fno-omit-frame-pointer",
        ]);
        let binary = build(compile, program, &format!("{program}-sanitized"));
        check_ok(program, &run(&mut Command::new(binary)));
    }
}

/// The example on the header's first page is a program.
#[test]
fn the_example_in_the_header_runs() {
    let header = std::fs::read_to_string(include_dir().join("pontoon.h")).unwrap();
    let page = header.split("*/").next().unwrap();
    let example = page.split("EXAMPLE.").nth(1).expect("the first page has an example");
    let lines: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix(" *   ")).collect();
    assert!(lines.len() >= 12, "{example}");
    let program = format!(
        "#include <stdio.h>\n#include \"pontoon.h\"\n\
         static int persist(void *c, PontoonBytes s, PontoonBytes n, uint32_t x) {{ (void)c, (void)s, (void)n, (void)x; return 0; }}\n\
         static void send(void *c, const PontoonMessage *m) {{ (void)c, (void)m; }}\n\
         static void apply(void *c, const PontoonApply *a) {{ (void)c; printf(\"%.*s\\n\", (int)a->entries[0].data.len, (const char *)a->entries[0].data.data); }}\n\
         int main(void) {{\n{}\n    return 0;\n}}\n",
        lines.join("\n")
    );
    let file = scratch("programs").join("example.c");
    std::fs::write(&file, program).unwrap();
    for standard in C_STANDARDS {
        let binary = file.with_extension("");
        let mut compile = cc();
        compile.arg(standard).arg(&file).arg("-o").arg(&binary);
        run(link_static(&mut compile));
        assert_eq!(run(&mut Command::new(&binary)), "hello\n");
    }
}
