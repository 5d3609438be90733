package dynamooutputs

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/slsflow/slsflow/outputs"
)

// Secrets are sealed with AES-256-GCM by a data key of their record, which KMS
// encrypts together with the instance and the number: what is moved to another
// record cannot be opened.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html.

// dataContext is what the data key of a record is bound to.
func dataContext(i outputs.Instance, n int64) map[string]string {
	return map[string]string{"slsflow:instance": i.String(), "slsflow:number": strconv.FormatInt(n, 10)}
}

// hashContext is what the key of the hashes is bound to.
func hashContext() map[string]string {
	return map[string]string{"slsflow:key": "hashes of secret outputs"}
}

// dataKey returns a new key, and how it is kept.
func (s *Store) dataKey(ctx context.Context, bound map[string]string) (key, sealed []byte, err error) {
	if s.key == "" {
		return nil, nil, fmt.Errorf("%w: secret outputs need a key of AWS KMS (set Options.KMSKey)", errors.ErrUnsupported)
	}
	out, err := s.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &s.key, KeySpec: kmstypes.DataKeySpecAes256, EncryptionContext: bound})
	if err != nil {
		return nil, nil, fmt.Errorf("KMS key %s: %w", s.key, err)
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

// openKey returns a key that is kept.
func (s *Store) openKey(ctx context.Context, sealed []byte, bound map[string]string) ([]byte, error) {
	out, err := s.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: bound})
	if err != nil {
		return nil, fmt.Errorf("KMS: %w", err)
	}
	return out.Plaintext, nil
}

// Secret returns the value of a secret output of a record.
func (s *Store) Secret(ctx context.Context, i outputs.Instance, n int64, key string) (json.RawMessage, bool, error) {
	value, ok, err := s.secret(ctx, i, n, key)
	if err != nil {
		return nil, false, fmt.Errorf("secret output %v.%s of record %d: %w", i, key, n, err)
	}
	return value, ok, nil
}

func (s *Store) secret(ctx context.Context, i outputs.Instance, n int64, key string) (json.RawMessage, bool, error) {
	it, _, ok, err := s.find(ctx, i, n)
	if err != nil || !ok {
		return nil, false, err
	}
	sealed, ok := it.secrets[key]
	if !ok {
		return nil, false, nil
	}
	dataKey, err := s.openKey(ctx, it.dataKey, dataContext(i, n))
	if err != nil {
		return nil, false, err
	}
	gcm, err := newGCM(dataKey)
	if err != nil {
		return nil, false, err
	}
	value, err := gcm.Open(nil, nil, sealed, []byte(key))
	if err != nil {
		return nil, false, fmt.Errorf("damaged: %w", err)
	}
	return value, true, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealer seals the secrets of one record.
type sealer struct {
	store *Store
	of    outputs.Record
	hash  func(json.RawMessage) string

	secrets map[string][]byte // once they are sealed
	dataKey []byte
}

// sealer asks for what it needs if the record has secrets.
func (s *Store) sealer(ctx context.Context, r outputs.Record) (*sealer, error) {
	for _, out := range r.Outputs {
		if out.Secret {
			key, err := s.hashing(ctx)
			if err != nil {
				return nil, err
			}
			return &sealer{store: s, of: r, hash: func(value json.RawMessage) string {
				mac := hmac.New(sha256.New, key)
				_, _ = mac.Write(value) // it never fails
				return hex.EncodeToString(mac.Sum(nil))
			}}, nil
		}
	}
	return &sealer{hash: outputs.Hash}, nil // not called, but what is not secret is hashed too
}

// seal returns the secrets as they are kept, and the key with them.
func (s *sealer) seal(ctx context.Context, secrets map[string]json.RawMessage) (map[string][]byte, []byte, error) {
	if len(secrets) == 0 || s.secrets != nil {
		return s.secrets, s.dataKey, nil
	}
	key, kept, err := s.store.dataKey(ctx, dataContext(s.of.Instance, s.of.Number))
	if err != nil {
		return nil, nil, err
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, nil, err
	}
	s.secrets, s.dataKey = make(map[string][]byte, len(secrets)), kept
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		s.secrets[name] = gcm.Seal(nil, nil, secrets[name], []byte(name))
	}
	return s.secrets, s.dataKey, nil
}

// hashing returns the key of the hashes of secrets, one for the table.
func (s *Store) hashing(ctx context.Context) ([]byte, error) {
	if key := s.hashKey.Load(); key != nil {
		return *key, nil
	}
	kept, err := s.keptHashKey(ctx)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		if kept, err = s.newHashKey(ctx); err != nil {
			return nil, err
		}
	}
	key, err := s.openKey(ctx, kept, hashContext())
	if err != nil {
		return nil, err
	}
	s.hashKey.Store(&key)
	return key, nil
}

func hashKeyKey() values { return values{pk: text("hashkey"), sk: text("1")} }

// newHashKey makes the key with the first secret. Of several that do, it returns
// that of the first.
func (s *Store) newHashKey(ctx context.Context) ([]byte, error) {
	_, sealed, err := s.dataKey(ctx, hashContext())
	if err != nil {
		return nil, err
	}
	v := hashKeyKey()
	v[attrDataKey] = &types.AttributeValueMemberB{Value: sealed}
	put := s.put(v, "")
	_, err = s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression, ExpressionAttributeNames: put.ExpressionAttributeNames,
	})
	if _, other := errors.AsType[*types.ConditionalCheckFailedException](err); err != nil && !other {
		return nil, s.explain(err)
	}
	return s.keptHashKey(ctx)
}

// keptHashKey returns the key as it is kept, or nil.
func (s *Store) keptHashKey(ctx context.Context) ([]byte, error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: hashKeyKey(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, s.explain(err)
	}
	key, ok := out.Item[attrDataKey].(*types.AttributeValueMemberB)
	if !ok {
		return nil, nil
	}
	return key.Value, nil
}
