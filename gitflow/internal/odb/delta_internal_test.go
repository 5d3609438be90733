package odb

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPatch(t *testing.T) {
	base := []byte("0123456789")
	for name, c := range map[string]struct {
		delta string
		want  string
		err   string
	}{
		"insert":             {"\x0a\x03\x03abc", "abc", ""},
		"copy":               {"\x0a\x04\x91\x02\x04", "2345", ""},
		"copy from 0":        {"\x0a\x02\x90\x02", "01", ""},
		"empty":              {"\x0a\x00", "", ""},
		"other base":         {"\x0b\x03\x03abc", "", "its base has 10 bytes, not 11"},
		"instruction 0":      {"\x0a\x03\x00", "", "instruction 0"},
		"insert cut off":     {"\x0a\x03\x03ab", "", "cut off"},
		"copy cut off":       {"\x0a\x03\x91\x02", "", "cut off"},
		"copy of too much":   {"\x0a\x0b\x90\x0b", "", "bytes that its base lacks"},
		"copy of 64 KiB":     {"\x0a\x0a\x80", "", "bytes that its base lacks"},
		"copy from too far":  {"\x0a\x01\xff\xff\xff\xff\xff\x01\x00\x00", "", "bytes that its base lacks"},
		"more than it says":  {"\x0a\x02\x03abc", "", "makes more than it says"},
		"less than it says":  {"\x0a\x04\x03abc", "", "makes 3 bytes, says 4"},
		"no sizes":           {"", "", "its sizes"},
		"a size of 65 bits":  {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "", "its sizes"},
		"more than anything": {"\x0a\xff\xff\xff\xff\xff\x0f", "", "larger than 512 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := patch(base, []byte(c.delta))
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
		})
	}
}

// A delta of a few bytes is not believed when it says how much it makes.
func TestPatchAllocates(t *testing.T) {
	delta := []byte("\x0a\x80\x80\x80\x80\x01\x01a") // says 256 MiB, makes 1 byte
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := patch([]byte("0123456789"), delta)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100_000))
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte("0123456789"), []byte("\x0a\x04\x91\x02\x04"))
	f.Add([]byte("0123456789"), []byte("\x0a\x03\x03abc"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		out, err := patch(base, delta)
		if _, size, _, headErr := deltaHead(delta); err == nil {
			require.NoError(t, headErr)
			require.Len(t, out, int(size))
		}
	})
}
