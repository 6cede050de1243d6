package hook

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"unicode/utf8"

	"pontoon.dev/go-shim/trace"
)

// maxText is how much of a command or a struct a trace has, in bytes.
const maxText = 200

// Command is what an event says of a command: read before Raft has it.
type Command struct {
	text   string
	digest uint64
}

// CommandOf looks at an argument of Start.
func CommandOf(command any) Command {
	if global.rec == nil {
		return Command{}
	}
	return commandOf(command)
}

// commandOf has the digest of the whole text.
func commandOf(command any) Command {
	text := fmt.Sprintf("%+v", command)
	digest := fnv.New64a()
	digest.Write([]byte(text))
	return Command{shorten(text), digest.Sum64()}
}

// shorten cuts a text, between two characters.
func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// Propose is what a Raft's method Start has returned.
func Propose(raft any, command Command, index, term int, taken bool) {
	global.propose(raft, command, index, term, taken)
}

func (c *cluster) propose(raft any, command Command, index, term int, taken bool) {
	if c.rec == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if life := c.lifeOf(raft); life != nil {
		e := trace.Event{Kind: trace.Propose, Server: life.server, Peer: trace.None, Flag: taken, Text: command.text}
		if taken {
			e.Index, e.Term = natural(index), natural(term)
		}
		c.record(e)
	}
}

// State is what a Raft's method GetState has returned.
func State(raft any, term int, leader bool) { global.state(raft, term, leader) }

func (c *cluster) state(raft any, term int, leader bool) {
	if c.rec == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if life := c.lifeOf(raft); life != nil {
		c.record(trace.Event{Kind: trace.State, Server: life.server, Peer: trace.None, Term: natural(term), Flag: leader})
	}
}

// Receive is a message that a loop over applyCh has got.
func Receive(applyCh, message any) { global.receive(applyCh, message) }

func (c *cluster) receive(applyCh, message any) {
	if c.rec == nil {
		return
	}
	e, ok := received(reflect.ValueOf(message))
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if life := c.channels[reflect.ValueOf(applyCh).Pointer()]; life.current() {
		e.Server = life.server
		c.record(e)
	}
}

// received understands the ApplyMsg of each year. false says that it has
// neither a command nor a snapshot.
func received(message reflect.Value) (trace.Event, bool) {
	e := trace.Event{Kind: trace.Receive, Peer: trace.None}
	if message.Kind() != reflect.Struct {
		return e, false
	}
	set := func(name string) bool {
		f := message.FieldByName(name)
		return f.Kind() == reflect.Bool && f.Bool()
	}
	index, command := "CommandIndex", true
	switch {
	case message.FieldByName("CommandValid").IsValid():
		e.Flag, command = set("SnapshotValid"), set("CommandValid")
		if e.Flag {
			index = "SnapshotIndex"
		}
	default: // 2017
		e.Flag, index = set("UseSnapshot"), "Index"
	}
	if f := message.FieldByName(index); f.CanInt() {
		e.Index = natural(int(f.Int()))
	}
	if index == "Index" && e.Index == 0 { // what a closed channel gives
		return e, false
	}
	if f := message.FieldByName("Command"); command && !e.Flag && f.IsValid() && f.CanInterface() {
		what := commandOf(f.Interface())
		e.Text, e.Digest = what.text, what.digest
	}
	return e, command || e.Flag
}

// natural is an index or a term; a Raft that gives a negative one means none.
func natural(n int) uint64 { return uint64(max(n, 0)) }
