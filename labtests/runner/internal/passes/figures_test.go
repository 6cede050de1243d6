package passes

import "testing"

func TestParseFigures(t *testing.T) {
	for text, want := range map[string]*Figures{
		"Test (2A): initial election ...\n  ... Passed --   3.1  3   58   15422    0\n": {3.1, 3, 58, 15422, 0},
		"  ... Passed --  21.7  5  873  193992  16\n":                                   {21.7, 5, 873, 193992, 16},
		"  ... Passed --   3.0  3   60    0\n":                                          {3, 3, 60, -1, 0}, // 2018
		"  ... Passed --  15.1  5 12345  678":                                           {15.1, 5, 12345, -1, 678},
		"  ... Passed --  time  1.0s #peers 3 #RPCs    38 #Ops    0\n":                  {1, 3, 38, -1, 0}, // 2025
		"  ... Passed\n":                 nil, // 2017
		"  ... Passed --  3.0  3\n":      nil,
		"  ... Passed -- 3.0.1 3 1 1 1":  nil,
		"  ... Passed --  3.0 3.5 1 1 1": nil,
		"--- FAIL: TestX\n":              nil,
	} {
		got := ParseFigures([]byte(text))
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
