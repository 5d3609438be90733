package sqliteoutputs_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
)

// filled is a store with so many records, ten of each instance (one if there are
// ten), which each publish ten outputs and have read ten. It writes them all at
// once: one by one would take minutes.
func filled(b *testing.B, records int) (s *sqliteoutputs.Store, path string, instances []outputs.Instance) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "state.db")
	s = open(b, path, sqliteoutputs.Options{})
	file, err := sqlitefile.Open(b.Context(), path)
	require.NoError(b, err)
	defer file.Close()
	each := 10
	if records == 10 {
		each = 1
	}
	require.NoError(b, sqlitefile.Write(b.Context(), file, func(tx *sql.Tx) error {
		for n := range records / each {
			i := service(fmt.Sprintf("service-%d", n))
			instances = append(instances, i)
			for number := range int64(each) {
				text, err := json.Marshal(record(i, number+1))
				if err != nil {
					return err
				}
				_, err = tx.ExecContext(b.Context(), "INSERT INTO outputs_records VALUES (?, ?, ?, ?, ?, ?)", i.App, i.Stage.String(), i.Region, i.Service, number+1, string(text))
				if err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(b.Context(), "INSERT INTO outputs_instances VALUES (?, ?, ?, ?, ?, 0, ?)", i.App, i.Stage.String(), i.Region, i.Service, each, each)
			if err != nil {
				return err
			}
		}
		return nil
	}))
	_, err = file.ExecContext(b.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	require.NoError(b, err)
	return s, path, instances
}

func record(i outputs.Instance, number int64) outputs.Record {
	r := deploying("20261128T150405Z-abcdef")
	r.Instance, r.Number = i, number
	r.Commit, r.Owner, r.Actor, r.Profile, r.Account, r.Dir = "0123456789abcdef0123456789abcdef01234567", "branch:master", "alice", "dev", "111111111111", "services/"+i.Service
	for n := range 10 {
		r.Reads = append(r.Reads, outputs.Read{Instance: service(fmt.Sprintf("service-%d", n)), Key: "table", Number: 1, Hash: outputs.Hash(json.RawMessage(`1`))})
	}
	outs := make(map[string]outputs.Output)
	for n := range 10 {
		outs[fmt.Sprintf("output-%d", n)] = outputs.Output{Value: json.RawMessage(fmt.Sprintf(`"arn:aws:sqs:eu-west-1:111111111111:%s-%d-%d"`, i.Service, number, n))}
	}
	kept, _ := deployed(r, outs).Kept(false, func(json.RawMessage) string { return "" })
	return kept
}

// BenchmarkStore shows how the calls grow with what is in the file, whose size it
// reports: get one output, put a record (begin and end it), read a batch of a
// hundred instances, and list the newest record of all.
func BenchmarkStore(b *testing.B) {
	for _, records := range []int{10, 1000, 100_000} {
		s, path, instances := filled(b, records)
		info, err := os.Stat(path)
		require.NoError(b, err)
		for _, op := range []struct {
			name string
			do   func(n int) error
		}{
			{"get", func(n int) error {
				_, ok, err := outputs.Lookup(b.Context(), s, outputs.Ref{Instance: instances[n*7919%len(instances)], Key: "output-3"})
				if err == nil && !ok {
					err = fmt.Errorf("absent")
				}
				return err
			}},
			{"put", func(n int) error {
				i := instances[n*7919%len(instances)]
				newest, _, err := outputs.Newest(b.Context(), s, i)
				if err != nil {
					return err
				}
				r := record(i, 0)
				begun := deploying(r.Run)
				begun.Instance, begun.Reads = i, r.Reads
				if begun, err = s.Begin(b.Context(), begun, newest.Number); err != nil {
					return err
				}
				return s.End(b.Context(), deployed(begun, r.Outputs))
			}},
			{"batch of 100", func(n int) error {
				asked := make([]outputs.Instance, min(100, len(instances)))
				for k := range asked {
					asked[k] = instances[(n+k)*7919%len(instances)]
				}
				_, err := s.ListPublished(b.Context(), asked)
				return err
			}},
			{"list", func(int) error {
				list, err := s.Latest(b.Context(), outputs.Filter{App: "shop"})
				if err == nil && len(list) != len(instances) {
					err = fmt.Errorf("%d records", len(list))
				}
				return err
			}},
		} {
			b.Run(fmt.Sprintf("records=%d/%s", records, op.name), func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					if err := op.do(n); err != nil {
						b.Fatal(err)
					}
					n++
				}
				b.ReportMetric(float64(info.Size())/(1<<20), "MB-file")
				if op.name == "list" {
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(len(instances)), "ns/listed")
				}
			})
		}
	}
}
