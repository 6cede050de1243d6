package kvraft

// Err is the outcome of an RPC.
type Err string

const (
	OK             Err = "OK"
	ErrNoKey       Err = "ErrNoKey"
	ErrWrongLeader Err = "ErrWrongLeader"
)

// PutAppendArgs asks for a Put or an Append; Op says which.
type PutAppendArgs struct {
	Key   string
	Value string
	Op    string // "Put" or "Append"

	// Your fields here. All are capitalised, or gob would drop them.
}

// PutAppendReply answers PutAppendArgs.
type PutAppendReply struct {
	Err Err
}

// GetArgs asks for a value.
type GetArgs struct {
	Key string

	// Your fields here.
}

// GetReply answers GetArgs.
type GetReply struct {
	Err   Err
	Value string
}
