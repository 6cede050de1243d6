package hook

import (
	"strings"
	"time"
	"unsafe"

	"pontoon.dev/go-shim/trace"
)

// settle is the time in which a request reaches its handler, if it does: the
// network delays it by up to 26 ms, and labrun a client's by 20 ms before that.
const settle = 50 * time.Millisecond

// Call is a labrpc call under way. Its methods do nothing on nil.
type Call struct {
	c        *cluster
	id       uint64
	method   string
	end      *end
	server   int // who calls; None for a client
	peer     int // who is called
	service  bool
	obstacle string // in its way when it was sent
	target   any    // the *Server that was there then

	// With c.mu:
	handled  bool // the handler has begun
	replied  bool // and ended
	returned bool
	lost     bool // it is recorded that the request is
}

// Send is the beginning of ClientEnd.Call. The call goes on with the name of
// the method that is returned, which is the same text at another place: by the
// place Handle knows the request again, through all that the network does.
func Send(clientEnd any, method string, args any) (*Call, string) {
	return global.send(clientEnd, method, args)
}

func (c *cluster) send(clientEnd any, method string, args any) (*Call, string) {
	if c.rec == nil {
		return nil, method
	}
	c.mu.Lock()
	e := c.ends[clientEnd]
	if e == nil { // an earlier test's
		c.mu.Unlock()
		return nil, method
	}
	service, _, _ := strings.Cut(method, ".")
	call := &Call{c: c, method: strings.Clone(method), end: e, server: trace.None, peer: e.target(), service: e.life != nil && c.services[service]}
	c.mu.Unlock()

	message := call.describe(args, false)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calledID++
	call.id = c.calledID
	message.ID, message.Method = call.id, method
	event := trace.Event{Kind: trace.Send, Server: trace.None, Peer: call.peer, Message: &message}
	if e.life != nil {
		call.server = e.life.server
		event.Server = call.server
		if !c.apart {
			event.Last = e.life.number
		}
	}
	if e.net != nil {
		call.target = e.net.servers[e.server]
	}
	for _, at := range places(call.method) {
		c.calls[at] = call
	}
	c.record(event)
	// Whether the network sees what the mirror shows is not sure yet: both may
	// change at this moment.
	if call.obstacle = e.obstacle(); call.obstacle != "" && !c.blind {
		time.AfterFunc(settle, call.settle)
	}
	return call, call.method
}

// places are where the name of a method begins, and what follows its dot: all
// that a network hands on of it.
func places(method string) []*byte {
	if method == "" {
		return nil
	}
	first := unsafe.StringData(method)
	if dot := strings.LastIndexByte(method, '.'); dot+1 < len(method) && dot >= 0 {
		return []*byte{first, unsafe.StringData(method[dot+1:])}
	}
	return []*byte{first}
}

func (call *Call) message() *trace.Message { return &trace.Message{ID: call.id} }

func (call *Call) event(kind trace.Kind) trace.Event {
	return trace.Event{Kind: kind, Server: call.server, Peer: call.peer, Message: call.message()}
}

// settle is called when a request whose way was cut would have arrived.
func (call *Call) settle() {
	call.c.mu.Lock()
	defer call.c.mu.Unlock()
	if !call.handled && !call.returned {
		call.lose(false, call.obstacle)
	}
}

// lose records what became of a request, or of its answer.
func (call *Call) lose(answer bool, why string) {
	if call.lost {
		return
	}
	call.lost = true
	e := call.event(trace.Lost)
	e.Flag, e.Text = answer, why
	call.c.record(e)
}

// Handle is a handler's beginning: one of the texts that are at hand there is
// the name of the method that Send has returned, or what follows its dot. The
// result is nil if none is.
func Handle(texts ...string) *Call { return global.handle(texts) }

func (c *cluster) handle(texts []string) *Call {
	if c.rec == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range texts {
		if text == "" {
			continue
		}
		if call := c.calls[unsafe.StringData(text)]; call != nil && !call.handled {
			call.handled = true
			if call.returned {
				call.forget()
			}
			c.record(call.event(trace.Handle))
			return call
		}
	}
	return nil
}

// Reply is the handler's end.
func (call *Call) Reply(reply any) {
	if call == nil {
		return
	}
	message := call.describe(reply, true)
	message.ID = call.id
	call.c.mu.Lock()
	defer call.c.mu.Unlock()
	call.reply(&message)
}

func (call *Call) reply(message *trace.Message) {
	call.replied = true
	e := call.event(trace.Reply)
	e.Message = message
	call.c.record(e)
}

// Return is the end of ClientEnd.Call, which has returned ok.
func (call *Call) Return(ok bool, reply any) {
	if call == nil {
		return
	}
	var message trace.Message
	call.c.mu.Lock()
	defer call.c.mu.Unlock()
	call.returned = true
	if call.handled || ok {
		call.forget()
	}
	switch {
	case !ok:
		call.fail()
	case !call.replied: // nobody has told: so this is what is known of it
		call.c.mu.Unlock()
		message = call.describe(reply, true)
		call.c.mu.Lock()
		message.ID = call.id
		call.reply(&message)
	}
	e := call.event(trace.Return)
	e.Flag = ok
	call.c.record(e)
}

// forget takes the call out of those that Handle may meet.
func (call *Call) forget() {
	for _, at := range places(call.method) {
		delete(call.c.calls, at)
	}
}

// fail records why a call has failed.
func (call *Call) fail() {
	e := call.end
	gone := e.obstacle()
	if gone == "" && e.net != nil && e.net.servers[e.server] != call.target {
		gone = noServer
	}
	switch {
	case call.c.blind && call.obstacle == "", e.net == nil:
		call.lose(false, unknownWay)
	case call.handled && gone != "":
		call.lose(true, gone)
	case call.handled:
		call.lose(true, dropped)
	case call.obstacle != "":
		call.lose(false, call.obstacle)
	case gone != "" && !e.net.unreliable:
		call.lose(false, gone)
	default:
		call.lose(false, dropped)
	}
}
