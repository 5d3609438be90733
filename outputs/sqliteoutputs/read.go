package sqliteoutputs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/outputs"
)

// History returns the records of an instance, newest first.
func (s *Store) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	records, err := s.records(ctx, `
		SELECT record FROM outputs_records WHERE app = ? AND stage = ? AND region = ? AND service = ? ORDER BY number DESC`,
		where(i)...)
	if err != nil {
		return nil, fmt.Errorf("history of %v: %w", i, err)
	}
	return records, nil
}

// Latest returns the newest record of each instance that f lets through.
func (s *Store) Latest(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
	var conditions []string
	var args []any
	for _, c := range []struct{ column, want string }{{"app", f.App}, {"stage", f.Stage.String()}, {"region", f.Region}, {"service", f.Service}} {
		if c.want != "" {
			conditions = append(conditions, "i."+c.column+" = ?")
			args = append(args, c.want)
		}
	}
	clause := ""
	if len(conditions) > 0 {
		clause = "WHERE " + strings.Join(conditions, " AND ")
	}
	records, err := s.records(ctx, `
		SELECT record FROM outputs_instances AS i
		JOIN outputs_records AS r ON (r.app, r.stage, r.region, r.service, r.number) = (i.app, i.stage, i.region, i.service, i.newest)
		`+clause+` ORDER BY i.app, i.stage, i.region, i.service`, args...)
	if err != nil {
		return nil, fmt.Errorf("latest records: %w", err)
	}
	return records, nil
}

// ListPublished returns the record of each instance whose outputs count now.
func (s *Store) ListPublished(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
	wanted := make([][]any, len(instances))
	for i, instance := range instances {
		wanted[i] = where(instance)
	}
	list, err := json.Marshal(wanted)
	if err != nil {
		return nil, fmt.Errorf("published records: %w", err)
	}
	records, err := s.records(ctx, `
		SELECT record FROM json_each(?) AS wanted
		CROSS JOIN outputs_instances AS i ON (i.app, i.stage, i.region, i.service)
			= (wanted.value ->> 0, wanted.value ->> 1, wanted.value ->> 2, wanted.value ->> 3)
		JOIN outputs_records AS r ON (r.app, r.stage, r.region, r.service, r.number) = (i.app, i.stage, i.region, i.service, i.published)`,
		string(list))
	if err != nil {
		return nil, fmt.Errorf("published records: %w", err)
	}
	return records, nil
}

func (s *Store) records(ctx context.Context, query string, args ...any) ([]outputs.Record, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var records []outputs.Record
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		r, err := decode(text)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

// load returns one record, or [sql.ErrNoRows].
func load(ctx context.Context, tx *sql.Tx, i outputs.Instance, number int64) (outputs.Record, error) {
	var text []byte
	err := tx.QueryRowContext(ctx, `
		SELECT record FROM outputs_records WHERE app = ? AND stage = ? AND region = ? AND service = ? AND number = ?`,
		where(i, number)...).Scan(&text)
	if err != nil {
		return outputs.Record{}, err
	}
	return decode(text)
}

func decode(text []byte) (r outputs.Record, err error) {
	if err := json.Unmarshal(text, &r); err != nil {
		return outputs.Record{}, fmt.Errorf("record in the file is damaged: %w", err)
	}
	return r, nil
}

// Secret returns the value of a secret output of a record. The error wraps
// [ErrKey] if the key is not the right one.
func (s *Store) Secret(ctx context.Context, i outputs.Instance, number int64, key string) (json.RawMessage, bool, error) {
	fail := func(err error) (json.RawMessage, bool, error) {
		return nil, false, fmt.Errorf("secret output %v.%s of record %d: %w", i, key, number, err)
	}
	sealed, err := scanSealed(s.db.QueryRowContext(ctx, `
		SELECT sealed, recipient FROM outputs_secrets
		WHERE app = ? AND stage = ? AND region = ? AND service = ? AND number = ? AND key = ?`,
		where(i, number, key)...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return fail(err)
	}
	value, err := s.box.Open(secretName(i, number, key), sealed)
	if err != nil {
		return fail(err)
	}
	return value, true, nil
}
