//! The one way from C into a node, and what stops a panic there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::abi::{PONTOON_NODES_MAX, PontoonNode, PontoonStatus};
use crate::cell::{Allow, Cell};
use crate::failure::Failure;
use crate::node::Node;
use crate::slab::Slab;

static NODES: RwLock<Slab<Cell>> = RwLock::new(Slab::new());

/// Runs `f`; a panic becomes a failure. Whatever `f` left half done must not be
/// used again: see [`Cell::enter`].
pub(crate) fn caught<T>(f: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| Err(Failure::Panic(panic_text(&*panic))))
}

fn panic_text(panic: &(dyn Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<String>() {
        text.as_str().into()
    } else if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).into()
    } else {
        "panic without a text".into()
    }
}

/// The status of a result.
pub(crate) fn status(result: Result<(), Failure>) -> PontoonStatus {
    match result {
        Ok(()) => PontoonStatus::PontoonOk,
        Err(failure) => failure.status(),
    }
}

/// Gives the node a handle.
pub(crate) fn add(node: Node) -> Result<PontoonNode, Failure> {
    NODES
        .write()
        .insert(Cell::new(node), PONTOON_NODES_MAX)
        .ok_or(Failure::Limit { max: PONTOON_NODES_MAX })
}

/// Takes the handle's meaning away; the first caller gets the cell.
pub(crate) fn remove(handle: PontoonNode) -> Result<Arc<Cell>, Failure> {
    NODES.write().remove(handle).ok_or(Failure::BadHandle)
}

/// Runs `f` on the cell of a node, without its lock.
pub(crate) fn with_cell(handle: PontoonNode, f: impl FnOnce(&Cell) -> Result<(), Failure>) -> PontoonStatus {
    status(caught(|| {
        // The guard must not outlive this statement: `f` may take long.
        let cell = NODES.read().get(handle).cloned().ok_or(Failure::BadHandle)?;
        let result = f(&cell);
        if let Err(failure) = &result {
            cell.note(failure);
        }
        result
    }))
}

/// Runs `f` on a node that is neither killed nor dead.
pub(crate) fn with_node(handle: PontoonNode, f: impl FnOnce(&mut Node) -> Result<(), Failure>) -> PontoonStatus {
    with_cell(handle, |cell| cell.enter(Allow::Live, f))
}
