package trace

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// Trim cuts off the room that a process which did not come to Close has left
// behind its last record. Nobody may be recording to the file any more.
func Trim(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(io.LimitReader(f, maxFile), 64<<10)
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return fmt.Errorf("trace: %s is shorter than a trace", path)
	}
	if _, blank, err := headerTime(header); err != nil || blank {
		return err
	}
	end := int64(headerSize)
	for {
		var size [sizeBytes]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return nil // full to the end
		}
		n := int(binary.LittleEndian.Uint16(size[:]))
		if n == 0 {
			return f.Truncate(end)
		}
		if _, err := r.Discard(n); err != nil {
			return nil // torn, which Read accepts
		}
		end += int64(sizeBytes + n)
	}
}
