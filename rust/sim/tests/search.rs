//! Every order of events within bounds small enough for each build.

use pontoon_sim::search::{Bounds, search};

#[test]
fn small_clusters_hold_in_every_order_of_events() {
    let two = Bounds {
        servers: 2,
        heartbeats: 1,
        ..Bounds::default()
    };
    let three = Bounds {
        elections: 1,
        crashes: 0,
        inflight: 3,
        ..Bounds::default()
    };
    for bounds in [two, three] {
        let found = search(&bounds);
        assert!(found.violation.is_none(), "{:?}", found.violation);
        assert!(found.complete && found.states > 300, "{} states", found.states);
    }
}
