package hook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pontoon.dev/go-shim/trace"
)

// describe tells what is in an argument or a reply.
func (call *Call) describe(value any, reply bool) trace.Message {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		data := v.Bytes()
		m, ok := trace.Describe(call.method, data, reply)
		if !ok {
			m = trace.Message{}
		}
		m.Bytes = len(data)
		return m
	}
	m := trace.Message{}
	if call.service {
		m.Type = typeOf(call.method)
	}
	f := fieldsOf(v)
	if m.Known = f.fill(&m, reply); m.Known {
		m.Text = f.String()
		return m
	}
	m = trace.Message{Type: m.Type}
	if v.Kind() == reflect.Struct {
		m.Text = fieldsOf(v).String()
	} else if v.IsValid() && v.CanInterface() {
		m.Text = shorten(fmt.Sprintf("%+v", v.Interface()))
	}
	return m
}

// typeOf tells a Raft's RPC by its name.
func typeOf(method string) trace.Type {
	name := strings.ToLower(method[strings.LastIndexByte(method, '.')+1:])
	switch {
	case strings.Contains(name, "snapshot"):
		return trace.InstallSnapshot
	case strings.Contains(name, "vote"):
		return trace.RequestVote
	case strings.Contains(name, "append"), strings.Contains(name, "heartbeat"):
		return trace.AppendEntries
	}
	return trace.Other
}

// fields are those of a struct that gob sends, in order. One that is asked for
// is taken.
type fields struct {
	names  []string
	values []reflect.Value
}

func fieldsOf(v reflect.Value) *fields {
	f := &fields{}
	if v.Kind() != reflect.Struct {
		return f
	}
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			f.names = append(f.names, field.Name)
			f.values = append(f.values, v.Field(i))
		}
	}
	return f
}

// take returns the field that has the first of the names, which are in lower
// case.
func (f *fields) take(names ...string) reflect.Value {
	for _, name := range names {
		for i, other := range f.names {
			if strings.ToLower(other) == name {
				v := f.values[i]
				f.names, f.values = slices.Delete(f.names, i, i+1), slices.Delete(f.values, i, i+1)
				return v
			}
		}
	}
	return reflect.Value{}
}

func (f *fields) number(to *uint64, names ...string) bool {
	v := f.take(names...)
	switch {
	case v.CanInt():
		*to = natural(int(v.Int()))
	case v.CanUint():
		*to = v.Uint()
	default:
		return false
	}
	return true
}

func (f *fields) truth(to *bool, names ...string) bool {
	v := f.take(names...)
	if v.Kind() != reflect.Bool {
		return false
	}
	*to = v.Bool()
	return true
}

// fill reads the fields of Figures 2 and 13, and reports whether all are there.
func (f *fields) fill(m *trace.Message, reply bool) bool {
	known := f.number(&m.Term, "term")
	switch {
	case m.Type == trace.Other:
		return false
	case reply:
		switch m.Type {
		case trace.AppendEntries:
			f.number(&m.Index, "matchindex")
			return f.truth(&m.OK, "success", "ok") && known
		case trace.RequestVote:
			return f.truth(&m.OK, "votegranted", "granted", "grant") && known
		}
		return known
	}
	f.take("leaderid", "candidateid", "leader", "candidate", "id")
	switch m.Type {
	case trace.AppendEntries:
		known = f.number(&m.Index, "prevlogindex", "previndex", "prelogindex") && known
		known = f.number(&m.LogTerm, "prevlogterm", "prevterm", "prelogterm") && known
		known = f.number(&m.Commit, "leadercommit", "commitindex", "leadercommitindex", "commit") && known
		return f.entries(m, "entries", "logentries", "log", "logs", "entry") && known
	case trace.RequestVote:
		known = f.number(&m.Index, "lastlogindex", "lastindex") && known
		return f.number(&m.LogTerm, "lastlogterm", "lastterm") && known
	}
	known = f.number(&m.Index, "lastincludedindex", "lastindex", "snapshotindex") && known
	known = f.number(&m.LogTerm, "lastincludedterm", "lastterm", "snapshotterm") && known
	f.take("data", "snapshot")
	f.take("offset")
	f.take("done")
	return known
}

// entries reads how many entries there are, and the term of the last one.
func (f *fields) entries(m *trace.Message, names ...string) bool {
	v := f.take(names...)
	if v.Kind() != reflect.Slice {
		return false
	}
	m.Entries = v.Len()
	if m.Entries == 0 {
		return true
	}
	last := v.Index(m.Entries - 1)
	for last.Kind() == reflect.Pointer && !last.IsNil() {
		last = last.Elem()
	}
	return fieldsOf(last).number(&m.EntriesTerm, "term", "entryterm")
}

// many is from how many elements on a slice is shown as their number alone.
const many = 9

// String is the fields that nobody has taken.
func (f *fields) String() string {
	var text strings.Builder
	for i, v := range f.values {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(f.names[i] + ":")
		switch kind := v.Kind(); {
		case kind == reflect.Slice && (v.Type().Elem().Kind() == reflect.Uint8 || v.Len() >= many), kind == reflect.Map:
			fmt.Fprintf(&text, "(%d)", v.Len())
		default:
			fmt.Fprintf(&text, "%+v", v.Interface())
		}
	}
	return shorten(text.String())
}
