package passes

import (
	"os"
	"testing"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		line    string
		columns int
		want    string
	}{{"short", 5, "short"}, {"too long", 5, "too …"}, {"§5.4.2 …", 8, "§5.4.2 …"}, {"x", 0, ""}, {"xy", 1, "…"}} {
		if got := cut(c.line, c.columns); got != c.want {
			t.Errorf("%q to %d columns: got %q, want %q", c.line, c.columns, got, c.want)
		}
	}
}

// What is drawn goes up over what was drawn, and is gone before other output.
func TestScreen(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	s := &Screen{file: file}
	s.Draw("one", "two")
	s.Draw("three")
	s.Erase()
	s.Erase()
	text, err := os.ReadFile(file.Name())
	if want := "one\ntwo\n\r\x1b[2A\x1b[Jthree\n\r\x1b[1A\x1b[J"; err != nil || string(text) != want {
		t.Errorf("got %q (%v), want %q", text, err, want)
	}
	if NewScreen(file) != nil {
		t.Error("a file passes for a terminal")
	}
	var none *Screen
	none.Draw("nothing")
	none.Erase()
}
