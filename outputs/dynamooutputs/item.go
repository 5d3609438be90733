package dynamooutputs

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/slsflow/slsflow/outputs"
)

// The table has four kinds of items, by their keys:
//
//	instances#APP                      STAGE:REGION:SERVICE   the newest record of an instance
//	records#APP:STAGE:REGION:SERVICE   NUMBER, 19 digits      an older record
//	apps                               APP                    that the app has instances
//	hashkey                            1                      the key of the hashes of secrets
//
// The newest record moves when the next one begins, in one transaction.
const (
	pk, sk = "pk", "sk"

	attrNumber    = "number"
	attrStatus    = "status"    // for people who look at the table
	attrRecord    = "record"    // JSON as a string, or gzipped as binary
	attrRev       = "rev"       // another one after each write
	attrRemoval   = "removal"   // of the newest record: number of the newest removal
	attrPublished = "published" // of the newest record: number of the one whose outputs count, 0 if none does
	attrSecrets   = "secrets"   // sealed values by key
	attrDataKey   = "datakey"   // what they are sealed with, encrypted by KMS
)

const (
	// maxItem is that of DynamoDB:
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html.
	maxItem = 400 << 10
	// maxNewest leaves room for the longer key of an older record, and maxBegun for
	// the outputs with which a deployment ends.
	maxNewest = maxItem - 2*maxName
	maxBegun  = maxNewest - outputs.MaxOutputs
	// compressFrom is the size of a record that is not kept as text any more.
	compressFrom = 32 << 10
	// maxName bounds what stands in a key, which may have 1024 bytes.
	maxName = 1000
)

type values = map[string]types.AttributeValue

// item is a record as it is kept.
type item struct {
	record  outputs.Record
	rev     string
	secrets map[string][]byte
	dataKey []byte

	newest             bool // and not an older one
	removal, published int64
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func newestKey(i outputs.Instance) values {
	return values{pk: text("instances#" + i.App), sk: text(fmt.Sprintf("%s:%s:%s", i.Stage, i.Region, i.Service))}
}

func olderKey(i outputs.Instance, n int64) values {
	return values{pk: text("records#" + i.String()), sk: text(fmt.Sprintf("%019d", n))}
}

func (it item) key() values {
	if it.newest {
		return newestKey(it.record.Instance)
	}
	return olderKey(it.record.Instance, it.record.Number)
}

// encode returns the item, or an error if it is larger than most.
func (it item) encode(most int) (values, error) {
	b, err := json.Marshal(it.record)
	if err != nil {
		return nil, err
	}
	record := text(string(b))
	if len(b) >= compressFrom {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(b)
		if err := errors.Join(err, w.Close()); err != nil {
			return nil, err
		}
		record = &types.AttributeValueMemberB{Value: packed.Bytes()}
	}
	v := it.key()
	v[attrNumber], v[attrStatus], v[attrRecord], v[attrRev] = number(it.record.Number), text(string(it.record.Status)), record, text(it.rev)
	if it.newest {
		v[attrRemoval], v[attrPublished] = number(it.removal), number(it.published)
	}
	if len(it.secrets) > 0 {
		sealed := make(values, len(it.secrets))
		for key, value := range it.secrets {
			sealed[key] = &types.AttributeValueMemberB{Value: value}
		}
		v[attrSecrets], v[attrDataKey] = &types.AttributeValueMemberM{Value: sealed}, &types.AttributeValueMemberB{Value: it.dataKey}
	}
	if n := size(v); n > most {
		return nil, fmt.Errorf("%w: the record has %d bytes, of which DynamoDB has room for %d (read or publish less)", outputs.ErrInvalid, n, most)
	}
	return v, nil
}

// size returns no less than what DynamoDB counts:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html.
func size(v values) (n int) {
	for name, value := range v {
		n += len(name) + 1
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			n += len(value.Value)
		case *types.AttributeValueMemberN:
			n += 21
		case *types.AttributeValueMemberB:
			n += len(value.Value)
		case *types.AttributeValueMemberM:
			n += 3 + size(value.Value)
		}
	}
	return n
}

// decode reads an item.
func decode(v values) (it item, err error) {
	var b []byte
	switch record := v[attrRecord].(type) {
	case *types.AttributeValueMemberS:
		b = []byte(record.Value)
	case *types.AttributeValueMemberB:
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(record.Value)); err == nil {
			b, err = io.ReadAll(r)
		}
	default:
		err = errors.New("it is not there")
	}
	if err == nil {
		err = json.Unmarshal(b, &it.record)
	}
	if err != nil {
		return item{}, fmt.Errorf("record in the table is damaged: %w", err)
	}
	if rev, ok := v[attrRev].(*types.AttributeValueMemberS); ok {
		it.rev = rev.Value
	}
	if sealed, ok := v[attrSecrets].(*types.AttributeValueMemberM); ok {
		it.secrets = make(map[string][]byte, len(sealed.Value))
		for key, value := range sealed.Value {
			if value, ok := value.(*types.AttributeValueMemberB); ok {
				it.secrets[key] = value.Value
			}
		}
	}
	if key, ok := v[attrDataKey].(*types.AttributeValueMemberB); ok {
		it.dataKey = key.Value
	}
	if _, it.newest = v[attrPublished]; it.newest {
		if it.removal, err = numberOf(v, attrRemoval); err == nil {
			it.published, err = numberOf(v, attrPublished)
		}
	}
	return it, err
}

func numberOf(v values, name string) (int64, error) {
	n, ok := v[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("record in the table is damaged: no number %s", name)
	}
	return strconv.ParseInt(n.Value, 10, 64)
}
