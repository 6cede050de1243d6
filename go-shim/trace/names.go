package trace

import "fmt"

// kindNames are all kinds; others have none.
var kindNames = [256]string{
	Run: "Run", TestStart: "TestStart", TestEnd: "TestEnd", Failure: "Failure",
	Make: "Make", Kill: "Kill", Link: "Link", Propose: "Propose", State: "State",
	Receive: "Receive", Send: "Send", Handle: "Handle", Reply: "Reply",
	Return: "Return", Lost: "Lost",
	Timeout: "Timeout", TimerReset: "TimerReset", RoleChange: "RoleChange",
	Vote: "Vote", Append: "Append", Truncate: "Truncate", Persist: "Persist",
	Commit: "Commit", Apply: "Apply", Snapshot: "Snapshot", Install: "Install",
}

// String is the kind's name in this package.
func (k Kind) String() string {
	if name := kindNames[k]; name != "" {
		return name
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// String is the role's name.
func (r Role) String() string {
	switch r {
	case Follower:
		return "follower"
	case Candidate:
		return "candidate"
	case Leader:
		return "leader"
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// String is the RPC's name in the paper.
func (t Type) String() string {
	switch t {
	case Other:
		return "other"
	case AppendEntries:
		return "AppendEntries"
	case RequestVote:
		return "RequestVote"
	case InstallSnapshot:
		return "InstallSnapshot"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// Digest is FNV-1a with 64 bits, of an Event's command.
func Digest[T ~string | ~[]byte](data T) uint64 {
	sum := uint64(0xcbf29ce484222325)
	for i := 0; i < len(data); i++ {
		sum = (sum ^ uint64(data[i])) * 0x100000001b3
	}
	return sum
}
