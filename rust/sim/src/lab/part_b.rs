//! Part B: log replication.

use pontoon_core::Bytes;

use super::bench::{Tested, int, require};
use super::task::Lab;

pub(super) async fn basic_agree(lab: Lab) -> Tested<()> {
    for index in 1..=3 {
        let (have, _) = lab.n_committed(index);
        require(have == 0, || {
            format!("{have} servers committed index {index} before anybody started it")
        })?;
        let at = lab.one(&int(100 * index), 3, false).await?;
        require(at == index, || format!("index {at} instead of {index}"))?;
    }
    Ok(())
}

pub(super) async fn rpc_bytes(lab: Lab) -> Tested<()> {
    lab.one(&int(99), 3, false).await?;
    let before = lab.bytes_total();
    for index in 2..12 {
        let mut text: Vec<u8> = (0..5000).map(|_| b'a' + lab.random(26) as u8).collect();
        text.insert(0, 18);
        let at = lab.one(&Bytes::from(text), 3, false).await?;
        require(at == index, || format!("index {at} instead of {index}"))?;
    }
    let grown = lab.bytes_total() - before;
    require(grown <= 200_000, || format!("{grown} bytes for 10 commands of 5000"))
}

pub(super) async fn follower_failure(lab: Lab) -> Tested<()> {
    lab.one(&int(101), 3, false).await?;
    let first = lab.check_one_leader().await?;
    lab.disconnect(first + 1);
    lab.one(&int(102), 2, false).await?;
    lab.sleep(1000).await;
    lab.one(&int(103), 2, false).await?;
    let second = lab.check_one_leader().await?;
    lab.disconnect(second + 1);
    lab.disconnect(second + 2);
    let started = lab.start(second, &int(104)).map(|(index, _)| index);
    require(started == Some(4), || {
        format!("the leader put the command at {started:?}")
    })?;
    lab.sleep(2000).await;
    nothing_at(&lab, 4)
}

fn nothing_at(lab: &Lab, index: u64) -> Tested<()> {
    let (have, _) = lab.n_committed(index);
    require(have == 0, || {
        format!("{have} servers committed index {index} without a majority")
    })
}

pub(super) async fn leader_failure(lab: Lab) -> Tested<()> {
    lab.one(&int(101), 3, false).await?;
    let first = lab.check_one_leader().await?;
    lab.disconnect(first);
    lab.one(&int(102), 2, false).await?;
    lab.sleep(1000).await;
    lab.one(&int(103), 2, false).await?;
    let second = lab.check_one_leader().await?;
    lab.disconnect(second);
    for at in 0..3 {
        lab.start(at, &int(104));
    }
    lab.sleep(2000).await;
    nothing_at(&lab, 4)
}

pub(super) async fn fail_agree(lab: Lab) -> Tested<()> {
    lab.one(&int(101), 3, false).await?;
    let leader = lab.check_one_leader().await?;
    lab.disconnect(leader + 1);
    lab.one(&int(102), 2, false).await?;
    lab.one(&int(103), 2, false).await?;
    lab.sleep(1000).await;
    lab.one(&int(104), 2, false).await?;
    lab.one(&int(105), 2, false).await?;
    lab.connect(leader + 1);
    lab.one(&int(106), 3, true).await?;
    lab.sleep(1000).await;
    lab.one(&int(107), 3, true).await?;
    Ok(())
}

pub(super) async fn fail_no_agree(lab: Lab) -> Tested<()> {
    lab.one(&int(10), 5, false).await?;
    let leader = lab.check_one_leader().await?;
    (1..=3).for_each(|by| lab.disconnect(leader + by));
    let started = lab.start(leader, &int(20)).map(|(index, _)| index);
    require(started == Some(2), || {
        format!("the leader put the command at {started:?}")
    })?;
    lab.sleep(2000).await;
    nothing_at(&lab, 2)?;
    (1..=3).for_each(|by| lab.connect(leader + by));
    let second = lab.check_one_leader().await?;
    let started = lab.start(second, &int(30)).map(|(index, _)| index);
    require(matches!(started, Some(2 | 3)), || {
        format!("the new leader put the command at {started:?}")
    })?;
    lab.one(&int(1000), 5, true).await?;
    Ok(())
}

pub(super) async fn concurrent_starts(lab: Lab) -> Tested<()> {
    for attempt in 0..5 {
        if attempt > 0 {
            lab.sleep(3000).await;
        }
        let leader = lab.check_one_leader().await?;
        let Some((_, term)) = lab.start(leader, &int(1)) else {
            continue;
        };
        let started = (0..5).map(|by| lab.start(leader, &int(100 + by)));
        let indexes: Vec<u64> = started
            .flatten()
            .filter(|(_, at)| *at == term)
            .map(|(index, _)| index)
            .collect();
        if (0..3).any(|at| lab.state(at).is_some_and(|(now, _)| now != term)) {
            continue;
        }
        let mut commands = Vec::new();
        for index in indexes {
            commands.push(lab.wait(index, 3, Some(term)).await?);
        }
        if commands.iter().any(Option::is_none) {
            continue;
        }
        for by in 0..5 {
            let expected = int(100 + by);
            require(commands.iter().flatten().any(|command| *command == expected), || {
                format!("command {} is missing among those that were started at once", 100 + by)
            })?;
        }
        return Ok(());
    }
    Err("the term changed too often".into())
}

pub(super) async fn rejoin(lab: Lab) -> Tested<()> {
    lab.one(&int(101), 3, true).await?;
    let first = lab.check_one_leader().await?;
    lab.disconnect(first);
    (102..=104).for_each(|command| {
        lab.start(first, &int(command));
    });
    lab.one(&int(103), 2, true).await?;
    let second = lab.check_one_leader().await?;
    lab.disconnect(second);
    lab.connect(first);
    lab.one(&int(104), 2, true).await?;
    lab.connect(second);
    lab.one(&int(105), 3, true).await?;
    Ok(())
}

pub(super) async fn backup(lab: Lab) -> Tested<()> {
    lab.one(&lab.any(), 5, true).await?;
    let first = lab.check_one_leader().await?;
    (2..=4).for_each(|by| lab.disconnect(first + by));
    start_many(&lab, first);
    lab.sleep(500).await;
    (0..=1).for_each(|by| lab.disconnect(first + by));
    (2..=4).for_each(|by| lab.connect(first + by));
    agree_many(&lab).await?;
    let second = lab.check_one_leader().await?;
    let other = match (first + 2) % 5 {
        other if other == second => (second + 1) % 5,
        other => other,
    };
    lab.disconnect(other);
    start_many(&lab, second);
    lab.sleep(500).await;
    (0..5).for_each(|at| lab.disconnect(at));
    [first, first + 1, other].iter().for_each(|at| lab.connect(*at));
    agree_many(&lab).await?;
    (0..5).for_each(|at| lab.connect(at));
    lab.one(&lab.any(), 5, true).await?;
    Ok(())
}

fn start_many(lab: &Lab, leader: usize) {
    for _ in 0..50 {
        lab.start(leader, &lab.any());
    }
}

async fn agree_many(lab: &Lab) -> Tested<()> {
    for _ in 0..50 {
        lab.one(&lab.any(), 3, true).await?;
    }
    Ok(())
}

pub(super) async fn count(lab: Lab) -> Tested<()> {
    lab.check_one_leader().await?;
    let first = lab.rpc_counts();
    require((1..=30).contains(&first), || {
        format!("{first} RPCs to elect the first leader")
    })?;
    for attempt in 0..5 {
        if attempt > 0 {
            lab.sleep(3000).await;
        }
        let leader = lab.check_one_leader().await?;
        let before = lab.rpc_counts();
        let Some((first_index, term)) = lab.start(leader, &int(1)) else {
            continue;
        };
        let commands: Vec<Bytes> = (0..11).map(|_| int(lab.random(1 << 31))).collect();
        let started: Vec<_> = commands.iter().map(|command| lab.start(leader, command)).collect();
        if started.iter().any(|started| started.is_none_or(|(_, at)| at != term)) {
            continue;
        }
        for ((index, started), command) in (first_index + 1..).zip(started).zip(&commands) {
            let at = started.map(|(index, _)| index);
            require(at == Some(index), || {
                format!("Start put {command:?} at {at:?} instead of {index}")
            })?;
        }
        let mut moved = false;
        for (index, command) in (first_index + 1..).zip(&commands).take(10) {
            match lab.wait(index, 3, Some(term)).await? {
                None => moved = true,
                Some(committed) => require(committed == *command, || format!("wrong command at index {index}"))?,
            }
        }
        if moved || (0..3).any(|at| lab.state(at).is_some_and(|(now, _)| now != term)) {
            continue;
        }
        let used = lab.rpc_counts() - before;
        require(used <= 42, || format!("{used} RPCs for 12 commands"))?;
        let before = lab.rpc_counts();
        lab.sleep(1000).await;
        let idle = lab.rpc_counts() - before;
        return require(idle <= 60, || format!("{idle} RPCs in an idle second"));
    }
    Err("the term changed too often".into())
}
