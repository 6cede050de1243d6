// Package rpc has what key/value clients and servers say to each other.
package rpc

// Err is the outcome of an operation.
type Err string

// The outcomes.
const (
	OK         Err = "OK"
	ErrNoKey   Err = "ErrNoKey"   // no such key, and the version asked for is not 0
	ErrVersion Err = "ErrVersion" // the key has another version; nothing was changed
	ErrMaybe   Err = "ErrMaybe"   // a Put that was sent again may have been done the first time

	ErrWrongLeader Err = "ErrWrongLeader" // ask another server
	ErrWrongGroup  Err = "ErrWrongGroup"  // ask the servers of another group
)

// Tversion counts the Puts of a key. A key that does not exist has version 0.
type Tversion uint64

// PutArgs asks for a Put, which is done if the key has this version.
type PutArgs struct {
	Key     string
	Value   string
	Version Tversion
}

// PutReply answers PutArgs.
type PutReply struct {
	Err Err
}

// GetArgs asks for a value.
type GetArgs struct {
	Key string
}

// GetReply answers GetArgs.
type GetReply struct {
	Value   string
	Version Tversion
	Err     Err
}
