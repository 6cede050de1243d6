//! The number of nodes in a process is limited. Alone in its process: it uses
//! up all of them.

use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use pontoon::*;

fn make(error: &mut [c_char]) -> Result<PontoonNode, PontoonStatus> {
    let voters = [1, 2, 3];
    let config = PontoonConfig {
        struct_size: size_of::<PontoonConfig>(),
        id: 1,
        voters: voters.as_ptr(),
        voters_len: voters.len(),
        seed: 1,
        profile: PONTOON_PROFILE_LAB,
        max_inflight: 0,
        election_timeout_ms_min: 0,
        election_timeout_ms_max: 0,
        heartbeat_interval_ms: 0,
        coalesce_ms: 0,
        max_append_bytes: 0,
        snapshot_chunk_bytes: 0,
        trace_events: 0,
    };
    let nothing = PontoonBytes {
        data: null_mut(),
        len: 0,
    };
    let mut node = 0;
    // SAFETY: all pointers lead to live memory of the stated lengths.
    let status = unsafe { pontoon_make(&config, nothing, nothing, 0, &mut node, error.as_mut_ptr(), error.len()) };
    match status {
        PontoonStatus::PontoonOk => Ok(node),
        failed => Err(failed),
    }
}

#[test]
fn one_node_too_many_is_refused_until_another_is_freed() {
    let mut error = [0; 128];
    let nodes: Vec<PontoonNode> = (0..PONTOON_NODES_MAX).map(|_| make(&mut error).unwrap()).collect();
    assert_eq!(make(&mut error), Err(PontoonStatus::PontoonErrLimit));
    // SAFETY: pontoon_make ended the text with a NUL.
    let text = unsafe { CStr::from_ptr(error.as_ptr()) }.to_str().unwrap();
    assert_eq!(text, "65536 nodes exist already: free some");

    assert_eq!(pontoon_free(nodes[12_345]), PontoonStatus::PontoonOk);
    let again = make(&mut error).unwrap();
    assert!(!nodes.contains(&again), "a handle was given out twice");
    assert_eq!(make(&mut error), Err(PontoonStatus::PontoonErrLimit));

    for node in nodes
        .into_iter()
        .filter(|node| *node as u32 != again as u32)
        .chain([again])
    {
        assert_eq!(pontoon_free(node), PontoonStatus::PontoonOk);
    }
}
