//go:build !linux && !darwin

package trace

import "os"

// file is an ordinary file; each record is written to it at once.
type file struct {
	file   *os.File
	record []byte
}

func createFile(path string, _ int) (*file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	return &file{file: f}, nil
}

// space is where n bytes go before they are written.
func (f *file) space(_, n int) ([]byte, error) {
	if len(f.record) < n {
		f.record = make([]byte, 2*n)
	}
	return f.record, nil
}

// wrote writes what space gave, once it is filled.
func (f *file) wrote(at int, record []byte) error {
	_, err := f.file.WriteAt(record, int64(at))
	return err
}

// close ends the file.
func (f *file) close(int) error { return f.file.Close() }
