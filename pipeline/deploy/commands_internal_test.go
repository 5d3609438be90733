package deploy

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// The text is found however it is cut into writes, and what it is not is not.
func TestFinder(t *testing.T) {
	const said = "> exit 1\nError: no test specified\n"
	for size := 1; size <= len(said); size++ {
		var out bytes.Buffer
		f := &finder{Writer: &out, text: []byte(noTest)}
		for i := 0; i < len(said); i += size {
			piece := []byte(said[i:min(i+size, len(said))])
			n, err := f.Write(piece)
			require.NoError(t, err)
			require.Equal(t, len(piece), n)
			clear(piece) // it belongs to the caller again
		}
		require.True(t, f.found, "pieces of %d", size)
		require.Equal(t, said, out.String())
	}
	f := &finder{Writer: new(bytes.Buffer), text: []byte(noTest)}
	for _, piece := range []string{"Error: no test", " was specified"} {
		_, err := f.Write([]byte(piece))
		require.NoError(t, err)
	}
	require.False(t, f.found)
}
