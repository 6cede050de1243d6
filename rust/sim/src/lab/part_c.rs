//! Part C: persistence, and networks at their worst.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use pontoon_core::Bytes;

use super::bench::{Tested, int, require};
use super::task::Lab;

pub(super) async fn persist1(lab: Lab) -> Tested<()> {
    lab.one(&int(11), 3, true).await?;
    (0..3).for_each(|at| lab.start1(at));
    for at in 0..3 {
        lab.disconnect(at);
        lab.connect(at);
    }
    lab.one(&int(12), 3, true).await?;
    let first = lab.check_one_leader().await?;
    lab.disconnect(first);
    lab.start1(first);
    lab.connect(first);
    lab.one(&int(13), 3, true).await?;
    let second = lab.check_one_leader().await?;
    lab.disconnect(second);
    lab.one(&int(14), 2, true).await?;
    lab.start1(second);
    lab.connect(second);
    lab.wait(4, 3, None).await?;
    let third = lab.check_one_leader().await? + 1;
    lab.disconnect(third);
    lab.one(&int(15), 2, true).await?;
    lab.start1(third);
    lab.connect(third);
    lab.one(&int(16), 3, true).await?;
    Ok(())
}

pub(super) async fn persist2(lab: Lab) -> Tested<()> {
    let mut next = 1;
    for _ in 0..5 {
        lab.one(&int(10 + next), 5, true).await?;
        next += 1;
        let leader = lab.check_one_leader().await?;
        (1..=2).for_each(|by| lab.disconnect(leader + by));
        lab.one(&int(10 + next), 3, true).await?;
        next += 1;
        [0, 3, 4].iter().for_each(|by| lab.disconnect(leader + by));
        (1..=2).for_each(|by| lab.start1(leader + by));
        (1..=2).for_each(|by| lab.connect(leader + by));
        lab.sleep(1000).await;
        lab.start1(leader + 3);
        lab.connect(leader + 3);
        lab.one(&int(10 + next), 3, true).await?;
        next += 1;
        [4, 0].iter().for_each(|by| lab.connect(leader + by));
    }
    lab.one(&int(1000), 5, true).await?;
    Ok(())
}

pub(super) async fn persist3(lab: Lab) -> Tested<()> {
    lab.one(&int(101), 3, true).await?;
    let leader = lab.check_one_leader().await?;
    lab.disconnect(leader + 2);
    lab.one(&int(102), 2, true).await?;
    (0..=1).for_each(|by| lab.crash1(leader + by));
    lab.connect(leader + 2);
    lab.start1(leader);
    lab.connect(leader);
    lab.one(&int(103), 2, true).await?;
    lab.start1(leader + 1);
    lab.connect(leader + 1);
    lab.one(&int(104), 3, true).await?;
    Ok(())
}

/// Start on every server that is up; the last that took it, and where.
fn start_everywhere(lab: &Lab, command: &Bytes) -> Option<(usize, u64)> {
    let mut last = None;
    for at in 0..lab.servers() {
        last = lab.start(at, command).map(|(index, _)| (at, index)).or(last);
    }
    last
}

/// Mostly next to nothing, at times up to half an election timeout.
async fn pause(lab: &Lab) {
    let ms = match lab.random(1000) < 100 {
        true => lab.random(500),
        false => lab.random(13),
    };
    lab.sleep(ms).await;
}

pub(super) async fn figure8(lab: Lab) -> Tested<()> {
    lab.one(&lab.any(), 1, true).await?;
    let mut up = 5;
    for _ in 0..1000 {
        let leader = start_everywhere(&lab, &lab.any());
        pause(&lab).await;
        if let Some((leader, _)) = leader {
            lab.crash1(leader);
            up -= 1;
        }
        if up < 3 {
            let at = lab.random(5) as usize;
            if !lab.is_up(at) {
                lab.start1(at);
                lab.connect(at);
                up += 1;
            }
        }
    }
    revive(&lab);
    lab.one(&lab.any(), 5, true).await?;
    Ok(())
}

/// Starts and connects whoever is down.
fn revive(lab: &Lab) {
    for at in (0..lab.servers()).filter(|at| !lab.is_up(*at)) {
        lab.start1(at);
        lab.connect(at);
    }
}

pub(super) async fn unreliable_agree(lab: Lab) -> Tested<()> {
    let mut parts = Vec::new();
    for iteration in 1..50 {
        for by in 0..4 {
            let part = lab.clone();
            let command = int(100 * iteration + by);
            parts.push(lab.spawn(async move { part.one(&command, 1, true).await.map(drop) }));
        }
        lab.one(&int(iteration), 1, true).await?;
    }
    lab.set_unreliable(false);
    lab.join(&parts).await;
    lab.one(&int(100), 5, true).await?;
    Ok(())
}

pub(super) async fn figure8_unreliable(lab: Lab) -> Tested<()> {
    let any = |lab: &Lab| int(lab.random(10_000));
    lab.one(&any(&lab), 1, true).await?;
    let mut up = 5;
    for iteration in 0..1000 {
        if iteration == 200 {
            lab.set_long_reordering(true);
        }
        let command = any(&lab);
        let mut leader = None;
        for at in 0..5 {
            if lab.start(at, &command).is_some() && lab.is_connected(at) {
                leader = Some(at);
            }
        }
        pause(&lab).await;
        if let Some(leader) = leader
            && lab.random(1000) < 500
        {
            lab.disconnect(leader);
            up -= 1;
        }
        if up < 3 {
            let at = lab.random(5) as usize;
            if !lab.is_connected(at) {
                lab.connect(at);
                up += 1;
            }
        }
    }
    (0..5)
        .filter(|at| !lab.is_connected(*at))
        .for_each(|at| lab.connect(at));
    lab.one(&any(&lab), 5, true).await?;
    Ok(())
}

/// Starts commands all the time and remembers those that it saw committed.
async fn churn_client(lab: Lab, me: u64, stop: Rc<Cell<bool>>, seen: Rc<RefCell<Vec<Bytes>>>) -> Tested<()> {
    while !stop.get() {
        let command = lab.any();
        let Some((_, index)) = start_everywhere(&lab, &command) else {
            lab.sleep(79 + 17 * me).await;
            continue;
        };
        for pause_ms in [10, 20, 50, 100, 200] {
            if let (1.., Some(committed)) = lab.n_committed(index) {
                if committed == command {
                    seen.borrow_mut().push(command);
                }
                break;
            }
            lab.sleep(pause_ms).await;
        }
    }
    Ok(())
}

pub(super) async fn churn(lab: Lab) -> Tested<()> {
    let stop = Rc::new(Cell::new(false));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let client = |me| lab.spawn(churn_client(lab.clone(), me, stop.clone(), seen.clone()));
    let clients: Vec<_> = (0..3).map(client).collect();
    for _ in 0..20 {
        if lab.random(1000) < 200 {
            lab.disconnect(lab.random(5) as usize);
        }
        if lab.random(1000) < 500 {
            let at = lab.random(5) as usize;
            if !lab.is_up(at) {
                lab.start1(at);
            }
            lab.connect(at);
        }
        if lab.random(1000) < 200 {
            let at = lab.random(5) as usize;
            if lab.is_up(at) {
                lab.crash1(at);
            }
        }
        lab.sleep(700).await;
    }
    lab.sleep(1000).await;
    lab.set_unreliable(false);
    for at in 0..5 {
        if !lab.is_up(at) {
            lab.start1(at);
        }
        lab.connect(at);
    }
    stop.set(true);
    lab.join(&clients).await;
    lab.sleep(1000).await;
    let last = lab.one(&lab.any(), 5, true).await?;
    let mut committed = Vec::new();
    for index in 1..=last {
        committed.extend(lab.wait(index, 5, None).await?);
    }
    committed.sort_unstable();
    let lost = seen
        .borrow()
        .iter()
        .filter(|command| committed.binary_search(command).is_err())
        .count();
    require(lost == 0, || {
        format!("{lost} commands that a client saw committed are gone")
    })
}
