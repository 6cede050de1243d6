package lab

// What another Raft behind the labs' interface needs as much as Pontoon's does.
// The comparisons with other Rafts use it, so that all of them pay the same for
// commands and for saving.

// Commands turns commands into bytes and back into values of the same type.
// Its methods may be called from any goroutine.
type Commands struct{ codec codec }

// NewCommands returns the encoding that Make uses with the same options.
func NewCommands(o Options) Commands { return Commands{newCodec(o.NewEncoder, o.NewDecoder)} }

// Encode fails with gob's error, or the encoder's: a type is not registered, or
// gob cannot encode it. No encoding is empty.
func (c Commands) Encode(command interface{}) ([]byte, error) { return c.codec.encode(command) }

// Decode is Encode's inverse. The value shares no memory with b.
func (c Commands) Decode(b []byte) (interface{}, error) { return c.codec.decode(b) }

// NewSaver returns the way to write to a persister that Make uses with the same
// options. It is given state and snapshot, views that it copies if need be, and
// whether the snapshot is another than that of the last call. The error says
// what the persister lacks.
func NewSaver(o Options) (func(state, snapshot []byte, changed bool), error) {
	return saveWith(o.Persister, o.CopyOnSave)
}
