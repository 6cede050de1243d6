//! The plan's faults: how each begins, and how it is undone.

use super::network::Network;
use super::service::Command;
use super::{Happening, Scenario};
use crate::cluster::{Cluster, CrashPoint, Event};
use crate::invariant::name;
use crate::plan::{Trouble, Weather, Who};
use pontoon_core::Role;

/// What has to be undone when a fault ends.
#[derive(Clone, Copy, Debug)]
enum Ongoing {
    /// Links that are cut, a bit each.
    Cuts(u64),
    Weather(Weather),
    Rate {
        at: usize,
    },
    SlowDisk {
        at: usize,
    },
}

pub(crate) struct Troubles {
    ongoing: Vec<Option<Ongoing>>,
    /// For how long a server stays down when it crashes.
    pub(crate) down_us: Vec<u64>,
    pub(crate) extra_write_us: Vec<u64>,
}

impl Troubles {
    pub(crate) fn new(servers: usize, faults: usize) -> Troubles {
        Troubles {
            ongoing: vec![None; faults],
            down_us: vec![0; servers],
            extra_write_us: vec![0; servers],
        }
    }
}

impl Scenario {
    /// The server that a fault strikes.
    fn target(&self, cluster: &Cluster<Happening>, who: Who) -> usize {
        let (Who::Server(at) | Who::LeaderOr(at)) = who;
        if who == Who::Server(at) {
            return at % self.plan.setup.servers;
        }
        leaders(cluster)
            .max_by_key(|(_, term)| *term)
            .map_or(at % self.plan.setup.servers, |(leader, _)| leader)
    }

    pub(super) fn begin(&mut self, cluster: &mut Cluster<Happening>, fault: usize) {
        if self.calm {
            return;
        }
        let trouble = self.plan.faults[fault].trouble;
        cluster.trace.say(|| format!("FAULT {trouble:?}"));
        match trouble {
            Trouble::Crash { who, point, down_us } => {
                let at = self.target(cluster, who);
                self.set_crash(cluster, at, point, down_us);
            }
            Trouble::PowerLoss { down_us } => {
                for at in 0..self.plan.setup.servers {
                    let down_us = down_us / (at as u64 % 3 + 1);
                    self.set_crash(cluster, at, CrashPoint::Anywhere, down_us);
                }
            }
            Trouble::Partition { who, with, for_us } => {
                let side = with | 1 << self.target(cluster, who);
                self.cut(cluster, fault, for_us, |from, to| side >> from & 1 != side >> to & 1);
            }
            Trouble::OneWay {
                who,
                to,
                inbound,
                for_us,
            } => {
                let at = self.target(cluster, who);
                self.cut(cluster, fault, for_us, |from, other| match inbound {
                    true => other == at && to >> from & 1 == 1,
                    false => from == at && to >> other & 1 == 1,
                });
            }
            Trouble::Weather { weather, for_us } => {
                self.troubles.ongoing[fault] = Some(Ongoing::Weather(weather));
                self.network.weather = self.network.weather.with(weather);
                self.ends(cluster, fault, for_us);
            }
            Trouble::Pause { who, for_us } => {
                let at = self.target(cluster, who);
                cluster.servers[at].paused_until_us = cluster.now_us + for_us;
                cluster.trace.say(|| format!("{} stands still", name(at)));
            }
            Trouble::ClockJump { who, by_us } => {
                let at = self.target(cluster, who);
                cluster.servers[at].clock.jump(by_us);
                self.clock_changed(cluster, at);
            }
            Trouble::ClockRate { who, ppm, for_us } => {
                let at = self.target(cluster, who);
                self.set_rate(cluster, at, ppm);
                self.troubles.ongoing[fault] = Some(Ongoing::Rate { at });
                self.ends(cluster, fault, for_us);
            }
            Trouble::SlowDisk { who, extra_us, for_us } => {
                let at = self.target(cluster, who);
                self.troubles.extra_write_us[at] = extra_us;
                self.troubles.ongoing[fault] = Some(Ongoing::SlowDisk { at });
                self.ends(cluster, fault, for_us);
            }
            Trouble::Burst { commands } => self.burst(cluster, commands),
            Trouble::Amnesia { who, entries, down_us } => {
                let at = self.target(cluster, who);
                self.troubles.down_us[at] = down_us;
                cluster.crash(self, at);
                cluster.lose_tail(at, entries);
            }
            Trouble::Impostor { who, down_us } => {
                let at = self.target(cluster, who);
                self.troubles.down_us[at] = down_us;
                cluster.hear_impostor(self, at);
            }
            Trouble::Snapshot { who } => {
                let at = self.target(cluster, who);
                if cluster.servers[at].raft.is_some() {
                    self.freeze(cluster, at);
                }
            }
        }
    }

    fn ends(&mut self, cluster: &mut Cluster<Happening>, fault: usize, for_us: u64) {
        cluster.schedule(for_us, Event::Outside(Happening::End { fault: fault as u32 }));
    }

    fn cut(&mut self, cluster: &mut Cluster<Happening>, fault: usize, for_us: u64, cut: impl Fn(usize, usize) -> bool) {
        let servers = self.plan.setup.servers;
        let mut links = 0;
        for from in 0..servers {
            for to in (0..servers).filter(|to| *to != from && cut(from, *to)) {
                links |= 1 << Network::link(from, to);
                cluster.trace.say(|| format!("cut: {} to {}", name(from), name(to)));
            }
        }
        self.network.cut(links, 1);
        self.troubles.ongoing[fault] = Some(Ongoing::Cuts(links));
        self.ends(cluster, fault, for_us);
    }

    fn set_crash(&mut self, cluster: &mut Cluster<Happening>, at: usize, point: CrashPoint, down_us: u64) {
        if cluster.servers[at].raft.is_none() {
            return;
        }
        self.troubles.down_us[at] = down_us;
        match point {
            CrashPoint::Anywhere => cluster.crash(self, at),
            _ => cluster.servers[at].trap = Some(point),
        }
    }

    /// Commands whose fate nobody waits for, to everybody who thinks to lead.
    fn burst(&mut self, cluster: &mut Cluster<Happening>, commands: u32) {
        let leading: Vec<usize> = leaders(cluster).map(|(at, _)| at).collect();
        for at in leading {
            for _ in 0..commands {
                if !cluster.responds(at) || cluster.status(at).is_none_or(|status| status.role != Role::Leader) {
                    break;
                }
                let value = self.unique_value();
                let key = value as usize % self.plan.setup.keys;
                self.history.call(key, crate::invariant::Action::Write(value));
                let bytes = Command {
                    key,
                    write: Some(value),
                }
                .encode(self.plan.setup.command_padding);
                // It leads: it takes them.
                let _ = cluster.propose(self, at, bytes);
            }
        }
    }

    pub(super) fn set_rate(&mut self, cluster: &mut Cluster<Happening>, at: usize, ppm: i64) {
        let now_us = cluster.now_us;
        cluster.servers[at].clock.set_rate(now_us, ppm);
        self.clock_changed(cluster, at);
    }

    fn clock_changed(&mut self, cluster: &mut Cluster<Happening>, at: usize) {
        if cluster.responds(at) {
            cluster.settle(self, at);
        }
    }

    pub(super) fn end(&mut self, cluster: &mut Cluster<Happening>, fault: usize) {
        if self.calm {
            return;
        }
        let Some(ongoing) = self.troubles.ongoing[fault].take() else {
            return;
        };
        cluster
            .trace
            .say(|| format!("over: {:?}", self.plan.faults[fault].trouble));
        match ongoing {
            Ongoing::Cuts(links) => self.network.cut(links, -1),
            Ongoing::Weather(_) => {
                let rest = self.troubles.ongoing.iter().flatten();
                self.network.weather = rest.fold(Weather::default(), |all, ongoing| match ongoing {
                    Ongoing::Weather(weather) => all.with(*weather),
                    _ => all,
                });
            }
            Ongoing::Rate { at } => self.set_rate(cluster, at, 0),
            Ongoing::SlowDisk { at } => self.troubles.extra_write_us[at] = 0,
        }
    }

    /// Faults are over: everything is mended, everybody comes back.
    pub(super) fn mend(&mut self, cluster: &mut Cluster<Happening>) {
        cluster.trace.say(|| "all faults end".into());
        self.calm = true;
        self.network.mend();
        self.troubles.extra_write_us.fill(0);
        let now_us = cluster.now_us;
        for at in 0..self.plan.setup.servers {
            let server = &mut cluster.servers[at];
            server.trap = None;
            server.paused_until_us = server.paused_until_us.min(now_us);
            if server.raft.is_some() {
                self.set_rate(cluster, at, 0);
            } else {
                cluster.schedule(0, Event::Outside(Happening::Restart { at: at as u8 }));
            }
        }
    }
}

fn leaders(cluster: &Cluster<Happening>) -> impl Iterator<Item = (usize, u64)> {
    (0..cluster.servers.len()).filter_map(|at| {
        let status = cluster.status(at)?;
        (status.role == Role::Leader).then_some((at, status.term))
    })
}
