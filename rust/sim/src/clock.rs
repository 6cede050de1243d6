//! A server's clock: starts anywhere, runs a little fast or slow, jumps ahead.

/// Parts of a million; the rate of a perfect clock.
const TRUE_RATE: u64 = 1_000_000;

/// Ten days: later than any run ends.
const FAR_US: u64 = 864_000_000_000;

/// A monotonic clock that is not the simulator's.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// Reading at `since_us`.
    base_us: u64,
    since_us: u64,
    rate: u64,
}

impl Clock {
    pub(crate) fn new(now_us: u64, reads_us: u64) -> Clock {
        Clock {
            base_us: reads_us,
            since_us: now_us,
            rate: TRUE_RATE,
        }
    }

    pub(crate) fn read_us(&self, now_us: u64) -> u64 {
        self.base_us + (now_us - self.since_us) * self.rate / TRUE_RATE
    }

    pub(crate) fn read_ms(&self, now_us: u64) -> u64 {
        self.read_us(now_us) / 1000
    }

    /// The first simulated moment at which the clock reads `ms` or more;
    /// `None` if that is not within days.
    pub(crate) fn when_us(&self, now_us: u64, ms: u64) -> Option<u64> {
        let missing_us = ms.saturating_mul(1000).saturating_sub(self.base_us);
        if missing_us > FAR_US {
            return None;
        }
        let after_us = (missing_us * TRUE_RATE).div_ceil(self.rate);
        Some(now_us.max(self.since_us + after_us))
    }

    /// From now on it gains `ppm` microseconds a second (loses, if negative).
    pub(crate) fn set_rate(&mut self, now_us: u64, ppm: i64) {
        self.base_us = self.read_us(now_us);
        self.since_us = now_us;
        self.rate = TRUE_RATE.saturating_add_signed(ppm).max(TRUE_RATE / 10);
    }

    pub(crate) fn jump(&mut self, by_us: u64) {
        self.base_us += by_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_due_when_the_clock_says_so() {
        for ppm in [-400_000, -77, 0, 13, 900_001] {
            let mut clock = Clock::new(500, 123_456);
            clock.set_rate(700, ppm);
            clock.jump(17);
            for ms in [0, 123, 124, 500, 9_999] {
                let at_us = clock.when_us(1000, ms).expect("soon");
                assert!(clock.read_ms(at_us) >= ms);
                assert!(at_us == 1000 || clock.read_ms(at_us - 1) < ms, "not later than needed");
            }
        }
        assert_eq!(Clock::new(0, 0).when_us(0, u64::MAX), None);
    }
}
