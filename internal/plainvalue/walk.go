package plainvalue

import (
	"strconv"
	"strings"
)

// Walk follows keys with dots between them into a plain value: keys of maps, and
// decimal indexes of lists. It is false for a key that is not there; null is.
func Walk(v any, keys string) (any, bool) {
	for key := range strings.SplitSeq(keys, ".") {
		switch in := v.(type) {
		case map[string]any:
			inner, ok := in[key]
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(in) || strconv.Itoa(i) != key {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}
