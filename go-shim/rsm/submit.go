package rsm

import (
	"context"
	"fmt"
)

// Submit replicates a command outside of any session and waits until it was
// executed here. The answer is the machine's, at a moment between call and
// return; it is not to be changed. The command is copied. The errors document whether it may still be
// executed; if so, a repetition may make it twice.
func (r *RSM) Submit(ctx context.Context, body []byte) ([]byte, error) {
	return r.submit(ctx, command{kind: plain, id: newTag(), body: body})
}

// SubmitOnce is Submit for the command number serial, from 1, of a session.
// However often and wherever the client submits it, it is executed at most
// once, and every attempt that succeeds gets the same answer. A client has at
// most one number outstanding: to use the next one is to give up the last.
func (r *RSM) SubmitOnce(ctx context.Context, client, serial uint64, body []byte) ([]byte, error) {
	if client > maxID || serial == 0 {
		return nil, fmt.Errorf("%w: client %d, serial %d", ErrNoSession, client, serial)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// What is in the table is committed, whoever leads now.
	r.mu.Lock()
	execute, answer, err := r.sessions.look(client, serial)
	r.mu.Unlock()
	// But this server may be behind, and not know a session yet.
	if !execute && err != ErrNoSession {
		return answer, err
	}
	return r.submit(ctx, command{kind: once, id: client, serial: serial, body: body})
}

// Open begins a session and returns the client's number. An attempt that fails
// may leave a session that nobody uses; it is dropped in time.
func (r *RSM) Open(ctx context.Context) (client uint64, err error) {
	answer, err := r.submit(ctx, command{kind: open, id: newTag(), arg: uint64(r.config.MaxSessions)})
	if err != nil {
		return 0, err
	}
	rd := reader{b: answer}
	return rd.uvarint(), nil
}

// End ends a session. It is not an error if there is none.
func (r *RSM) End(ctx context.Context, client uint64) error {
	_, err := r.submit(ctx, command{kind: end, id: newTag(), arg: client})
	return err
}

func (r *RSM) submit(ctx context.Context, c command) ([]byte, error) {
	w, err := r.run(ctx, c)
	if err != nil {
		return nil, err
	}
	return w.answer, nil
}

// run appends a command and waits for its outcome.
func (r *RSM) run(ctx context.Context, c command) (*waiter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := r.start(c)
	if err != nil {
		return nil, err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		r.mu.Lock()
		r.waiters.settle(w, nil, ctx.Err()) // unless it was just settled
		r.mu.Unlock()
	}
	return w, w.err
}

// start appends a command and registers its waiter before Apply can come to it.
func (r *RSM) start(c command) (*waiter, error) {
	encoded := c.encode()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil, ErrStopped
	}
	index, term, err := r.log.Start(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	c.body = nil
	w := &waiter{index: index, term: term, command: c, done: make(chan struct{})}
	r.waiters.add(w)
	r.arm()
	return w, nil
}
