package rsm

import "errors"

// What Submit, SubmitOnce, Open and End return, for errors.Is, beside the
// errors of the context. Each says whether the command may still take effect;
// after the context's errors it may.
var (
	// ErrRefused: the log did not take the command, which has not and will not
	// take effect. The error of Log.Start is wrapped too.
	ErrRefused = errors.New("rsm: the command was refused")
	// ErrSuperseded: another entry was committed at the command's index. This
	// attempt has not and will not take effect.
	ErrSuperseded = errors.New("rsm: another entry took the command's place")
	// ErrLeadershipLost: a newer term began before the command was applied. It
	// may still take effect.
	ErrLeadershipLost = errors.New("rsm: lost leadership before the command was applied")
	// ErrOvertaken: another server's snapshot replaced the entries around the
	// command's index. It may have taken effect.
	ErrOvertaken = errors.New("rsm: a snapshot overtook the command")
	// ErrStopped: the RSM was stopped. A command that waited may still take
	// effect; one that is submitted afterwards does not.
	ErrStopped = errors.New("rsm: stopped")
	// ErrNoSession: there is no such session, because it was ended, or dropped
	// in favour of newer ones. This attempt was not executed; whether an earlier
	// one was is not known any more.
	ErrNoSession = errors.New("rsm: no such session")
	// ErrOutdated: the session has already executed a command of a higher
	// number. This attempt was not executed; an earlier one may have been.
	ErrOutdated = errors.New("rsm: the session is past this command")
)

// What Apply and Restore return, for errors.Is. Nothing has changed then.
var (
	// ErrCommand: an entry is no command of this package. All servers skip it.
	ErrCommand = errors.New("rsm: not a command")
	// ErrValue: gob cannot encode or decode a request of Values; mostly because
	// its type was not registered with gob.Register.
	ErrValue = errors.New("rsm: not a value that gob knows")
	// ErrSnapshot: a snapshot is damaged, is not of the index that it is said to
	// be of, or was refused by the machine.
	ErrSnapshot = errors.New("rsm: bad snapshot")
	// ErrVersion: a snapshot was written by a later version.
	ErrVersion = errors.New("rsm: snapshot of a later version")
	// ErrConfig: a Config makes no sense.
	ErrConfig = errors.New("rsm: bad configuration")
)
