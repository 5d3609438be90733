package outputs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
)

func good(tb testing.TB) outputs.Record {
	tb.Helper()
	return outputs.Record{Instance: instance(tb, "shop", "dev", "eu-west-1", "db"), Status: outputs.Deploying, Started: at}
}

func TestCheckBegin(t *testing.T) {
	require.NoError(t, good(t).CheckBegin())
	bad := good(t)
	bad.App, bad.Region, bad.Status, bad.Started, bad.Owner, bad.Error = "", "eu west", outputs.Deployed, time.Time{}, "\xff", "x"
	require.ErrorIs(t, bad.CheckBegin(), outputs.ErrInvalid)
	require.EqualError(t, bad.CheckBegin(), `begin :dev:eu west:db: invalid record: no app; region "eu west", want A-Z, a-z, 0-9, '-' or '_'; `+
		`no time of start; text "\xff" is not UTF-8; status "deployed", want deploying or removing; ended, error or outputs before the end`)

	far := good(t)
	far.Started = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.EqualError(t, far.CheckBegin(), "begin shop:dev:eu-west-1:db: invalid record: year 12026")
}

func TestCheckEnd(t *testing.T) {
	end := func(status outputs.Status, outs map[string]outputs.Output) outputs.Record {
		r := good(t)
		r.Number, r.Status, r.Ended, r.Outputs = 1, status, at, outs
		return r
	}
	value := map[string]outputs.Output{"a": {Value: json.RawMessage("1")}}
	require.NoError(t, end(outputs.Deployed, value).CheckEnd(false))
	require.NoError(t, end(outputs.Failed, nil).CheckEnd(false))
	require.NoError(t, end(outputs.Removed, nil).CheckEnd(true))
	require.NoError(t, end(outputs.Failed, nil).CheckEnd(true))
	for why, err := range map[string]error{
		`status "deployed", want removed or failed`:                    end(outputs.Deployed, nil).CheckEnd(true),
		`status "removed", want deployed or failed`:                    end(outputs.Removed, nil).CheckEnd(false),
		`status "deploying", want deployed or failed`:                  end(outputs.Deploying, nil).CheckEnd(false),
		`outputs of a deployment that failed`:                          end(outputs.Failed, value).CheckEnd(false),
		`output "a": EOF; output "b": null is no value (leave it out)`: end(outputs.Deployed, map[string]outputs.Output{"b": {Value: json.RawMessage("null")}, "a": {}}).CheckEnd(false),
		`output "": no name`:                                           end(outputs.Deployed, map[string]outputs.Output{"": value["a"]}).CheckEnd(false),
		`output "a": number does not fit 64 bits`:                      end(outputs.Deployed, map[string]outputs.Output{"a": {Value: json.RawMessage("1e999"), Secret: true}}).CheckEnd(false),
		`number 0, want that which Begin gave; no time of end`:         outputs.Record{Instance: good(t).Instance, Status: outputs.Failed, Started: at}.CheckEnd(false),
	} {
		require.ErrorIs(t, err, outputs.ErrInvalid)
		require.EqualError(t, err, "end shop:dev:eu-west-1:db: invalid record: "+why)
	}
}

func TestEqual(t *testing.T) {
	r := good(t)
	r.Number, r.Status, r.Ended = 1, outputs.Deployed, at
	r.Outputs = map[string]outputs.Output{"a": {Value: json.RawMessage(`{"b":1,"a":2}`)}}
	r.Reads = []outputs.Read{{Key: "k"}}
	same := r.Clone()
	same.Outputs["a"] = outputs.Output{Value: json.RawMessage(` {"a": 2, "b": 1}`)}
	same.Started = at.In(time.FixedZone("elsewhere", 3600))
	require.True(t, r.Equal(same))
	for name, change := range map[string]func(*outputs.Record){
		"value":   func(o *outputs.Record) { o.Outputs["a"] = outputs.Output{Value: json.RawMessage(`{}`)} },
		"secret":  func(o *outputs.Record) { o.Outputs["a"] = outputs.Output{Value: r.Outputs["a"].Value, Secret: true} },
		"reads":   func(o *outputs.Record) { o.Reads[0].Number = 7 },
		"ended":   func(o *outputs.Record) { o.Ended = o.Ended.Add(1) },
		"removal": func(o *outputs.Record) { o.Removal = true },
		"actor":   func(o *outputs.Record) { o.Actor = "x" },
	} {
		other := r.Clone()
		change(&other)
		require.False(t, r.Equal(other), name)
		require.True(t, r.Equal(same), "a clone shares nothing with its record")
	}
}

func TestARecordIsTheSameAfterJSON(t *testing.T) {
	r := good(t)
	r.Reads = []outputs.Read{{Instance: r.Instance, Key: "k", Number: 1 << 60, Hash: "h"}}
	b, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"app":"shop","service":"db","stage":"dev","region":"eu-west-1","number":0,"status":"deploying","run":"","commit":"","owner":"","actor":"",
		"profile":"","account":"","dir":"","started":"2026-02-03T04:05:06Z","reads":[{"app":"shop","service":"db","stage":"dev","region":"eu-west-1","key":"k","number":1152921504606846976,"hash":"h"}]}`, string(b))
	var again outputs.Record
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, r, again)
	require.False(t, r.Done())
	again.Status = outputs.Failed
	require.True(t, again.Done())
}

func TestInstancesInOrder(t *testing.T) {
	order := []outputs.Instance{
		instance(t, "Shop", "dev", "eu-west-1", "db"),
		instance(t, "shop", "Dev", "eu-west-1", "db"),
		instance(t, "shop", "dev", "eu-west-1", "db"),
		instance(t, "shop", "dev", "eu-west-1", "web"),
		instance(t, "shop", "dev", "us-east-1", "db"),
		instance(t, "shop", "dev-x", "eu-west-1", "a"),
	}
	shuffled := []outputs.Instance{order[4], order[2], order[5], order[0], order[3], order[1]}
	slices.SortFunc(shuffled, outputs.Instance.Compare)
	require.Equal(t, order, shuffled)
	require.Equal(t, "shop:dev:eu-west-1:db", order[2].String())

	f := outputs.Filter{App: "shop", Service: "db", Stage: order[2].Stage, Region: "eu-west-1"}
	for i, in := range order {
		require.Equal(t, i == 2, f.Match(in), in)
		require.True(t, outputs.Filter{}.Match(in))
	}
}

// The largest output is named, and counts as it is kept.
func TestTooLarge(t *testing.T) {
	outs := map[string]outputs.Output{"small": {Value: json.RawMessage(`1`)}, "large": {Value: json.RawMessage(`""`)}}
	room := outputs.MaxOutputs - outputs.Size("small", outs["small"]) - outputs.Size("large", outs["large"])
	outs["large"] = outputs.Output{Value: json.RawMessage(` "` + strings.Repeat("x", room) + `" `)} // spaces are not kept
	_, err := outputs.TooLarge(outs)
	require.NoError(t, err)
	outs["large"] = outputs.Output{Value: json.RawMessage(`"` + strings.Repeat("x", room+1) + `"`)}
	largest, err := outputs.TooLarge(outs)
	require.Equal(t, "large", largest)
	require.EqualError(t, err, `the outputs have 262145 bytes, most of them in "large", and 262144 are kept at most (publish where a large value is, not the value)`)
	r := good(t)
	r.Number, r.Status, r.Ended, r.Outputs = 1, outputs.Deployed, at, outs
	require.ErrorIs(t, r.CheckEnd(false), outputs.ErrInvalid)

	many := make(map[string]outputs.Output) // small ones count too
	for n := range 2000 {
		many[strings.Repeat("k", n%50)+string(rune('a'+n/50))] = outputs.Output{Value: json.RawMessage(`1`)}
	}
	_, err = outputs.TooLarge(many)
	require.Error(t, err)
}

// The error of a program that has printed very much is cut, and only once.
func TestLongErrorsAreCut(t *testing.T) {
	r := good(t)
	r.Error = strings.Repeat("é", 20<<10)
	kept, _ := r.Kept(false, nil)
	require.LessOrEqual(t, len(kept.Error), 16<<10)
	require.True(t, strings.HasSuffix(kept.Error, "é (cut off)"))
	again, _ := kept.Kept(false, nil)
	require.Equal(t, kept, again)
	require.True(t, r.Equal(kept))
}
