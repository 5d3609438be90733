package outputs

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// What a [Record] may have at most, so that every [Store] can keep it: an item of
// DynamoDB, the smallest of them, has 400 KB.
const (
	// MaxOutputs is the [Size] of all outputs of a record together.
	MaxOutputs = 256 << 10
	// MaxReads is the number of outputs that a deployment may have read.
	MaxReads = 2000

	maxError = 16 << 10 // of the text of an error, the rest of which is cut off
	overhead = 128      // what a store keeps with each output, such as its hash
)

// Size is what an output counts towards [MaxOutputs]: the bytes of its name,
// twice, those of its JSON, and 128 more.
func Size(name string, o Output) int { return 2*len(name) + len(Canonical(o.Value)) + overhead }

// TooLarge returns an error if the outputs are more than [MaxOutputs], and the
// name of the largest. Ask it before a deployment: [Store.End] refuses such a
// record, when all is done.
func TooLarge(outs map[string]Output) (largest string, err error) {
	all, most := 0, -1
	for _, name := range slices.Sorted(maps.Keys(outs)) {
		n := Size(name, outs[name])
		if all += n; n > most {
			most, largest = n, name
		}
	}
	if all <= MaxOutputs {
		return "", nil
	}
	return largest, fmt.Errorf("the outputs have %d bytes, most of them in %q, and %d are kept at most (publish where a large value is, not the value)", all, largest, MaxOutputs)
}

// cut shortens the text of an error.
func cut(s string) string {
	if len(s) <= maxError {
		return s
	}
	const mark = " (cut off)"
	end := maxError - len(mark)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}
