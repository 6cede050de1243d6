package explain

// entry is what is known of an entry of a log. Term 0 is an unknown one, Digest
// 0 an unknown command.
type entry struct{ term, digest uint64 }

// journal is a log as far as it is known: entries[i] has index base+1+i.
type journal struct {
	base, baseTerm uint64 // the last entry that a snapshot stands for
	entries        []entry
}

func (j *journal) last() uint64 { return j.base + uint64(len(j.entries)) }

// term returns the term of the entry at index; 0 if there is none, or it is
// not known.
func (j *journal) term(index uint64) uint64 {
	switch {
	case index == j.base:
		return j.baseTerm
	case index > j.base && index <= j.last():
		return j.entries[index-j.base-1].term
	}
	return 0
}

func (j *journal) lastTerm() uint64 { return j.term(j.last()) }

// put sets the entries from first to last, of one term; digest is the last
// one's. What stood behind them goes; a gap before them is filled with unknown
// ones.
func (j *journal) put(first, last, term, digest uint64) {
	if first <= j.base || last < first || last-first > sane {
		return
	}
	j.cut(first)
	if first-j.last() > sane {
		return
	}
	for j.last()+1 < first {
		j.entries = append(j.entries, entry{})
	}
	for j.last() < last {
		j.entries = append(j.entries, entry{term: term})
	}
	j.entries[len(j.entries)-1].digest = digest
}

// sane is how many entries a believable event adds at most.
const sane = 1 << 17

// cut drops the entries from index on.
func (j *journal) cut(index uint64) {
	if index <= j.base {
		index = j.base + 1
	}
	if index <= j.last() {
		j.entries = j.entries[:index-j.base-1]
	}
}

// compact lets a snapshot stand for everything up to index, of term.
func (j *journal) compact(index, term uint64) {
	if index <= j.base {
		return
	}
	if index >= j.last() {
		j.entries = nil
	} else {
		j.entries = append([]entry(nil), j.entries[index-j.base:]...)
	}
	j.base, j.baseTerm = index, term
}

// same copies what other has from index on up to last.
func (j *journal) same(other *journal, from, last uint64) {
	if other.base > j.base {
		j.compact(other.base, other.baseTerm)
	}
	from = max(from, j.base+1)
	j.cut(from)
	for j.last() < last && j.last() < other.last() {
		index := j.last() + 1
		if index <= other.base {
			j.entries = append(j.entries, entry{})
			continue
		}
		j.entries = append(j.entries, other.entries[index-other.base-1])
	}
}

func (j *journal) clone() journal {
	return journal{j.base, j.baseTerm, append([]entry(nil), j.entries...)}
}
