package passes

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// Screen is a terminal, with lines at its bottom that are drawn again and again.
// A nil one is none.
type Screen struct {
	file  *os.File
	drawn int // lines
}

// NewScreen returns nil if the file is no terminal, or one that can do nothing.
func NewScreen(file *os.File) *Screen {
	s := &Screen{file: file}
	if term := os.Getenv("TERM"); term == "dumb" || term == "" || s.width() == 0 {
		return nil
	}
	return s
}

// width is in columns; 0 if the file is no terminal.
func (s *Screen) width() int {
	var size struct{ rows, columns, x, y uint16 }
	_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, s.file.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	if failed != 0 {
		return 0
	}
	return int(size.columns)
}

// Draw replaces what was drawn.
func (s *Screen) Draw(lines ...string) {
	if s == nil {
		return
	}
	width := s.width()
	if width == 0 {
		width = 80 // a terminal that does not know
	}
	var text strings.Builder
	text.WriteString(s.clear())
	for _, line := range lines {
		text.WriteString(cut(line, width-1) + "\n")
	}
	s.drawn = len(lines)
	_, _ = s.file.WriteString(text.String())
}

// Erase makes room for other output.
func (s *Screen) Erase() {
	if s == nil {
		return
	}
	_, _ = s.file.WriteString(s.clear())
	s.drawn = 0
}

func (s *Screen) clear() string {
	if s.drawn == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", s.drawn)
}

// cut shortens a line to a number of columns.
func cut(line string, columns int) string {
	runes := []rune(line)
	if len(runes) <= columns {
		return line
	}
	if columns < 1 {
		return ""
	}
	return string(runes[:columns-1]) + "…"
}
