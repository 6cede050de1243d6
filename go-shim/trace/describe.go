package trace

import "sync/atomic"

// describer is what DescribeMessages was given last.
var describer atomic.Pointer[func(method string, data []byte, reply bool) (Message, bool)]

// DescribeMessages registers what understands messages that are bytes. It is
// called by any goroutine, with data that it must not keep; false says that
// data is not a message of its Raft's. A second call replaces the first.
func DescribeMessages(f func(method string, data []byte, reply bool) (Message, bool)) {
	describer.Store(&f)
}

// Describe tells what is in a message whose argument or reply is a []byte, such
// as Pontoon's: data is that slice, not gob's encoding of it. The result is
// Known; ID, Method, Bytes and Text are left to the caller. false says that
// nobody understands it.
func Describe(method string, data []byte, reply bool) (Message, bool) {
	f := describer.Load()
	if f == nil || *f == nil {
		return Message{}, false
	}
	return (*f)(method, data, reply)
}
