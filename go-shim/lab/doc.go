// Package lab stands in for the Raft that students write in MIT's distributed
// systems labs (6.824, since 2023 6.5840). It has the labs' functions, and
// takes what differs between the years, or belongs to a lab, in Options: it
// imports nothing of any lab.
//
// A lab's own package raft keeps a few lines, of this kind:
//
//	type Raft = lab.Raft
//
//	func Make(peers []*labrpc.ClientEnd, me int, persister *Persister, applyCh chan ApplyMsg) *Raft {
//		return lab.Make(lab.Options{
//			Servers:   len(peers),
//			Me:        me,
//			Persister: persister,
//			Call: func(server int, method string, args []byte, reply *[]byte) bool {
//				return peers[server].Call(method, args, reply)
//			},
//			Deliver: func(m lab.ApplyMsg, done <-chan struct{}) bool {
//				select {
//				case applyCh <- ApplyMsg(m):
//					return true
//				case <-done:
//					return false
//				}
//			},
//			NewEncoder: func(w io.Writer) lab.Encoder { return labgob.NewEncoder(w) },
//			NewDecoder: func(r io.Reader) lab.Decoder { return labgob.NewDecoder(r) },
//		})
//	}
//
// The labs' RPC package finds the one RPC method, Step, by its signature, and
// names it "Raft.Step".
//
// # What the labs rely on
//
// The first command has index 1, indexes have no gaps, and nothing but
// commands and snapshots is delivered. A command comes back with its Go type.
// The persister's snapshot slot holds the service's bytes and nothing else,
// and is saved again with every state, as Save demands. What an RPC's reply
// promises is in the persister before the reply leaves. After a restart
// delivery begins after the persister's snapshot, which the service reads
// itself. No lock is held during a delivery. Once Kill has returned, nothing
// is delivered and no RPC is made.
//
// # Goroutines
//
// Beside those of package raft, whose applier makes the deliveries: each RPC
// has one, for the time that its Call takes.
package lab
