//go:build linux || darwin

package trace

import (
	"os"
	"syscall"
)

// chunk is how much of the file is made real at a time.
const chunk = 256 << 10

// file is a sparse file in memory: what is written there the system keeps,
// whatever becomes of the process.
type file struct {
	file  *os.File
	data  []byte
	ready int // how much of data can be written to
	blank []byte
}

func createFile(path string, limit int) (*file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(int64(limit)); err != nil {
		return nil, discard(f, err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, limit, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, discard(f, &os.PathError{Op: "mmap", Path: path, Err: err})
	}
	return &file{file: f, data: data, blank: make([]byte, min(chunk, limit))}, nil
}

// discard removes a file that is of no use.
func discard(f *os.File, err error) error {
	f.Close()
	os.Remove(f.Name())
	return err
}

// space is where n bytes at an offset go. A hole is filled with zeros first: on
// a full disk that is an error, while writing to the memory would be a SIGBUS.
func (f *file) space(at, n int) ([]byte, error) {
	for f.ready < at+n {
		size := min(len(f.blank), len(f.data)-f.ready)
		if _, err := f.file.WriteAt(f.blank[:size], int64(f.ready)); err != nil {
			return nil, err
		}
		f.ready += size
	}
	return f.data[at : at+n : at+n], nil
}

// wrote tells that what space gave is filled.
func (f *file) wrote(int, []byte) error { return nil }

// close ends the file after size bytes.
func (f *file) close(size int) error {
	err := syscall.Munmap(f.data)
	if e := f.file.Truncate(int64(size)); err == nil {
		err = e
	}
	if e := f.file.Close(); err == nil {
		err = e
	}
	return err
}
