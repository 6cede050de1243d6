//! Pointers that C hands over, and the struct_size protocol.
//!
//! A struct may be larger than this library knows, coming from a program that
//! was compiled against a later header: in an input the unknown rest must be
//! zero, in an output it is set to zero. An input may also be as small as it
//! once was: the fields that it lacks are zero.

use std::mem::{MaybeUninit, offset_of, size_of};

use crate::abi::*;
use crate::failure::Failure;

/// Larger than any struct of a later version: guards against a struct_size that
/// was never set.
const STRUCT_SIZE_MAX: usize = 4096;

/// A struct that begins with `struct_size`.
///
/// # Safety
/// `struct_size: usize` is the first field, and every bit pattern is valid.
pub(crate) unsafe trait Sized: Copy {
    const NAME: &'static str;
    /// The size in the first version.
    const FIRST_SIZE: usize;
    fn set_struct_size(&mut self, size: usize);
}

macro_rules! sized {
    ($($name:ident $([$added:ident])?)*) => { $(
        // SAFETY: asserted below; all fields are integers, raw pointers and
        // optional function pointers.
        unsafe impl Sized for $name {
            const NAME: &'static str = stringify!($name);
            const FIRST_SIZE: usize = [$(offset_of!($name, $added),)? size_of::<$name>()][0];
            fn set_struct_size(&mut self, size: usize) {
                self.struct_size = size;
            }
        }
        const _: () = assert!(offset_of!($name, struct_size) == 0);
    )* };
}

sized! {
    PontoonConfig [trace_events]
    PontoonStep PontoonStarted PontoonState PontoonWork PontoonApply PontoonCallbacks PontoonEvents PontoonMessageInfo
}

/// # Safety
/// `ptr` is NULL or points to a readable size_t.
unsafe fn struct_size<T: Sized>(ptr: *const T, first: usize) -> Result<usize, Failure> {
    if ptr.is_null() {
        return Err(Failure::Null(T::NAME));
    }
    // SAFETY: not NULL, so readable as the caller promises; unaligned is fine.
    let size = unsafe { ptr.cast::<usize>().read_unaligned() };
    if size == first || (size_of::<T>()..=STRUCT_SIZE_MAX).contains(&size) {
        Ok(size)
    } else {
        Err(Failure::StructSize {
            what: T::NAME,
            size,
            known: size_of::<T>(),
        })
    }
}

/// Reads an input struct.
///
/// # Safety
/// `ptr` is NULL, or `struct_size` says how many bytes are readable.
pub(crate) unsafe fn input<T: Sized>(ptr: *const T) -> Result<T, Failure> {
    // SAFETY: as promised by the caller.
    let size = unsafe { struct_size(ptr, T::FIRST_SIZE)? };
    let known = size_of::<T>().min(size);
    // SAFETY: `size` bytes are readable, and `known <= size`.
    let rest = unsafe { std::slice::from_raw_parts(ptr.cast::<u8>().add(known), size - known) };
    if rest.iter().any(|&byte| byte != 0) {
        return Err(Failure::StructSize {
            what: T::NAME,
            size,
            known,
        });
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are readable and fit, and every bit pattern is valid.
    Ok(unsafe {
        value
            .as_mut_ptr()
            .cast::<u8>()
            .copy_from_nonoverlapping(ptr.cast(), known);
        value.assume_init()
    })
}

/// A checked place for an output struct. Nothing is written before
/// [`Out::write`], so that a failed call leaves it as it was.
pub(crate) struct Out<T> {
    ptr: *mut T,
    size: usize,
}

/// Checks an output struct.
///
/// # Safety
/// `ptr` is NULL, or `struct_size` is set and says how many bytes are writable
/// until the current call of the ABI returns.
pub(crate) unsafe fn output<T: Sized>(ptr: *mut T) -> Result<Out<T>, Failure> {
    // SAFETY: as promised by the caller.
    let size = unsafe { struct_size(ptr.cast_const(), size_of::<T>())? };
    Ok(Out { ptr, size })
}

impl<T: Sized> Out<T> {
    pub(crate) fn write(self, mut value: T) {
        let known = size_of::<T>();
        value.set_struct_size(self.size);
        // SAFETY: `output` checked the pointer and the size, and its caller
        // promised that they stay true during the call that owns this value.
        unsafe {
            self.ptr.write_unaligned(value);
            self.ptr.cast::<u8>().add(known).write_bytes(0, self.size - known);
        }
    }
}

/// Borrows an array from C.
///
/// # Safety
/// `data` is NULL, or `len` aligned values there are readable and unchanged
/// while the slice is used.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize, what: &'static str) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::Null(what));
    }
    let max = isize::MAX as usize / size_of::<T>().max(1);
    if len > max {
        return Err(Failure::TooLarge { what, len, max });
    }
    // SAFETY: not NULL, of a possible length, readable as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Lends bytes to C.
pub(crate) fn view(bytes: &[u8]) -> PontoonBytes {
    PontoonBytes {
        data: start(bytes),
        len: bytes.len(),
    }
}

/// Where an array starts for C: NULL if it is empty.
pub(crate) fn start<T>(array: &[T]) -> *const T {
    if array.is_empty() {
        std::ptr::null()
    } else {
        array.as_ptr()
    }
}
