//! Part D: snapshots.

use super::bench::{Tested, require};
use super::task::Lab;

/// A log longer than this was not compacted.
const LOG_BYTES_MAX: usize = 2000;

async fn common(lab: Lab, disconnect: bool, crash: bool) -> Tested<()> {
    lab.one(&lab.any(), 3, true).await?;
    let mut leader = lab.check_one_leader().await?;
    for iteration in 0..30 {
        let (victim, sender) = match iteration % 3 {
            1 => (leader, leader + 1),
            _ => (leader + 1, leader),
        };
        if disconnect {
            lab.disconnect(victim);
            lab.one(&lab.any(), 2, true).await?;
        }
        if crash {
            lab.crash1(victim);
            lab.one(&lab.any(), 2, true).await?;
        }
        for _ in 0..5 + lab.random(10) {
            lab.start(sender, &lab.any());
        }
        let expected = if disconnect || crash { 2 } else { 3 };
        lab.one(&lab.any(), expected, true).await?;
        let size = lab.log_size();
        require(size < LOG_BYTES_MAX, || {
            format!("a saved state of {size} bytes was not compacted")
        })?;
        if disconnect || crash {
            if crash {
                lab.start1(victim);
            }
            lab.connect(victim);
            lab.one(&lab.any(), 3, true).await?;
            leader = lab.check_one_leader().await?;
        }
    }
    Ok(())
}

pub(super) async fn snapshot_basic(lab: Lab) -> Tested<()> {
    common(lab, false, false).await
}

pub(super) async fn snapshot_install(lab: Lab) -> Tested<()> {
    common(lab, true, false).await
}

pub(super) async fn snapshot_install_crash(lab: Lab) -> Tested<()> {
    common(lab, false, true).await
}

fn restart_all(lab: &Lab) {
    (0..3).for_each(|at| lab.crash1(at));
    for at in 0..3 {
        lab.start1(at);
        lab.connect(at);
    }
}

pub(super) async fn snapshot_all_crash(lab: Lab) -> Tested<()> {
    lab.one(&lab.any(), 3, true).await?;
    for _ in 0..5 {
        for _ in 0..5 + lab.random(10) {
            lab.one(&lab.any(), 3, true).await?;
        }
        let before = lab.one(&lab.any(), 3, true).await?;
        restart_all(&lab);
        let after = lab.one(&lab.any(), 3, true).await?;
        require(after > before, || {
            format!("index {after} after a restart, {before} before it")
        })?;
    }
    Ok(())
}

pub(super) async fn snapshot_init(lab: Lab) -> Tested<()> {
    for _ in 0..12 {
        lab.one(&lab.any(), 3, true).await?;
    }
    restart_all(&lab);
    lab.one(&lab.any(), 3, true).await?;
    restart_all(&lab);
    lab.one(&lab.any(), 3, true).await?;
    Ok(())
}
