//! What happened: as a hash, always, and in words, on demand.

use crate::dice::mix;

/// The record of one run.
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
    now_us: u64,
}

impl Trace {
    pub(crate) fn new(in_words: bool) -> Trace {
        Trace {
            hash: 0,
            lines: in_words.then(Vec::new),
            now_us: 0,
        }
    }

    /// Everything after this happens at `now_us`.
    #[inline]
    pub(crate) fn at(&mut self, now_us: u64) {
        self.now_us = now_us;
        self.hash = mix(self.hash, now_us);
    }

    #[inline]
    pub(crate) fn note(&mut self, value: u64) {
        self.hash = mix(self.hash, value);
    }

    /// Adds a line to the transcript; `words` runs only if there is one.
    #[inline]
    pub(crate) fn say(&mut self, words: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let ms = self.now_us as f64 / 1000.0;
            lines.push(format!("{ms:>11.3} ms  {}", words()));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
