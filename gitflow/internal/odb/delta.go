package odb

import (
	"encoding/binary"
	"fmt"
	"math"
)

// patch makes an object from another one and the difference, see
// gitformat-pack(5), "Deltified representation".
func patch(base, delta []byte) ([]byte, error) {
	from, size, delta, err := deltaHead(delta)
	if err != nil {
		return nil, err
	}
	if from != int64(len(base)) {
		return nil, fmt.Errorf("%w delta: its base has %d bytes, not %d", errMalformed, len(base), from)
	}
	if size > maxObject {
		return nil, errTooLarge
	}
	// The size is not believed beyond what an honest delta is likely to give.
	out := make([]byte, 0, min(size, int64(len(base)+len(delta))))
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		if op == 0 {
			return nil, fmt.Errorf("%w delta: instruction 0", errMalformed)
		}
		var piece []byte
		if op&0x80 == 0 { // the next bytes
			n := int(op)
			if n > len(delta) {
				return nil, fmt.Errorf("%w delta: cut off", errMalformed)
			}
			piece, delta = delta[:n], delta[n:]
		} else { // bytes of the base
			var args [7]uint64
			for i := range args {
				if op>>i&1 == 0 {
					continue
				}
				if len(delta) == 0 {
					return nil, fmt.Errorf("%w delta: cut off", errMalformed)
				}
				args[i], delta = uint64(delta[0]), delta[1:]
			}
			off := args[0] | args[1]<<8 | args[2]<<16 | args[3]<<24
			n := args[4] | args[5]<<8 | args[6]<<16
			if n == 0 {
				n = 0x10000
			}
			if off+n > uint64(len(base)) {
				return nil, fmt.Errorf("%w delta: copies bytes that its base lacks", errMalformed)
			}
			piece = base[off : off+n]
		}
		if int64(len(out)+len(piece)) > size {
			return nil, fmt.Errorf("%w delta: makes more than it says", errMalformed)
		}
		out = append(out, piece...)
	}
	if int64(len(out)) != size {
		return nil, fmt.Errorf("%w delta: makes %d bytes, says %d", errMalformed, len(out), size)
	}
	return out, nil
}

// deltaHead returns the sizes of the base and of the object that a delta makes of
// it, and what follows.
func deltaHead(delta []byte) (from, to int64, rest []byte, err error) {
	for _, size := range []*int64{&from, &to} {
		u, n := binary.Uvarint(delta)
		if n <= 0 || u > math.MaxInt64 {
			return 0, 0, nil, fmt.Errorf("%w delta: its sizes", errMalformed)
		}
		*size, delta = int64(u), delta[n:]
	}
	return from, to, delta, nil
}
