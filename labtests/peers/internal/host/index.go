package host

import "slices"

// Indexes maps the indexes of a Raft's log to those of the lab, in which only
// commands have one, from 1 and without a gap. What a Raft puts into its log
// for itself, such as the empty entry of a new leader, is hidden. Since all logs
// that have an entry agree on everything before it, so do their maps.
//
// The zero value is the map of an empty log.
type Indexes struct {
	base, baseLab uint64   // of the last entry that was compacted away
	last          uint64   // of the log
	hidden        []uint64 // above base, in order
}

// Append says that the log has got an entry, the one after Last.
func (x *Indexes) Append(hidden bool) {
	x.last++
	if hidden {
		x.hidden = append(x.hidden, x.last)
	}
}

// Truncate says that the entries from an index on are gone.
func (x *Indexes) Truncate(from uint64) {
	if from > x.last {
		return
	}
	x.last = max(from-1, x.base)
	x.hidden = x.hidden[:x.hiddenThrough(x.last)]
}

// Compact says that the entries up to an index have made way for a snapshot.
func (x *Indexes) Compact(through uint64) {
	if through <= x.base || through > x.last {
		return
	}
	lab := x.Lab(through)
	x.hidden = slices.Clone(x.hidden[x.hiddenThrough(through):])
	x.base, x.baseLab = through, lab
}

// Reset says that there is nothing but a snapshot through index, which is lab
// to the lab.
func (x *Indexes) Reset(index, lab uint64) {
	*x = Indexes{base: index, baseLab: lab, last: index}
}

// Last is the log's last index.
func (x *Indexes) Last() uint64 { return x.last }

// hiddenThrough counts the hidden ones that the map still knows.
func (x *Indexes) hiddenThrough(index uint64) int {
	n, found := slices.BinarySearch(x.hidden, index)
	if found {
		n++
	}
	return n
}

// Lab returns how many commands there are up to index, from Base to Last: the
// lab's index of that entry, if it is a command.
func (x *Indexes) Lab(index uint64) uint64 {
	return x.baseLab + index - x.base - uint64(x.hiddenThrough(index))
}

// Log returns the log's index of a command, false if the log has none there.
func (x *Indexes) Log(lab uint64) (uint64, bool) {
	if lab <= x.baseLab {
		return 0, false
	}
	index := x.base + lab - x.baseLab
	for _, hidden := range x.hidden {
		if hidden > index {
			break
		}
		index++
	}
	return index, index <= x.last
}
