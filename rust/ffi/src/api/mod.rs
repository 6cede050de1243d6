//! The functions of the ABI: each looks at its arguments, enters the node and
//! writes its outputs. Their documentation is the header's.

// In the header's order, which blank lines keep.
mod lifecycle;

mod inputs;

mod outputs;

mod drain;

mod info;

pub use drain::*;
pub use info::*;
pub use inputs::*;
pub use lifecycle::*;
pub use outputs::*;

use crate::abi::PontoonStep;
use crate::failure::Failure;
use crate::node::Node;
use crate::raw;

/// Where the caller wants a PontoonStep, if anywhere.
///
/// # Safety
/// As for [`raw::output`].
unsafe fn step_out(step: *mut PontoonStep) -> Result<Option<raw::Out<PontoonStep>>, Failure> {
    if step.is_null() {
        return Ok(None);
    }
    // SAFETY: as promised by the caller.
    unsafe { raw::output(step).map(Some) }
}

fn write_step(step: Option<raw::Out<PontoonStep>>, node: &Node) {
    if let Some(step) = step {
        step.write(node.step());
    }
}
