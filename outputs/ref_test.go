package outputs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

func instance(tb testing.TB, app, stageName, region, service string) outputs.Instance {
	tb.Helper()
	i := outputs.Instance{App: app, Service: service, Region: region}
	if stageName != "" {
		n, err := stage.Parse(stageName)
		require.NoError(tb, err)
		i.Stage = n
	}
	return i
}

// The rows are those of the dashboard's addresses.
func TestParseRef(t *testing.T) {
	current := instance(t, "shop", "qa", "eu-west-1", "web")
	for address, want := range map[string]outputs.Ref{
		"db.table":                    {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "table"},
		"other:dev:us-east-1:db.a":    {Instance: instance(t, "other", "dev", "us-east-1", "db"), Key: "a"},
		"::us-east-1:db.table":        {Instance: instance(t, "shop", "qa", "us-east-1", "db"), Key: "table"},
		":dev::db.table":              {Instance: instance(t, "shop", "dev", "eu-west-1", "db"), Key: "table"},
		":::db.table":                 {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "table"},
		"db.net.subnets[0].id":        {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "net", Path: []string{"subnets", "0", "id"}},
		"db.net.subnets.0.id":         {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "net", Path: []string{"subnets", "0", "id"}},
		"db.net[0]":                   {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "net[0]"},
		"db.net[0].a":                 {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "net[0]", Path: []string{"a"}},
		"db.m.[2][3]":                 {}, // an empty part
		`db.m["a.b"].c["d:e"]`:        {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "m", Path: []string{"a.b", "c", "d:e"}},
		`db.m["a\"]b"][""]`:           {Instance: instance(t, "shop", "qa", "eu-west-1", "db"), Key: "m", Path: []string{`a"]b`, ""}},
		"fullstack-db.db_url.a b":     {Instance: instance(t, "shop", "qa", "eu-west-1", "fullstack-db"), Key: "db_url", Path: []string{"a b"}},
		"other:Dev:us-gov-west-1:D.k": {Instance: instance(t, "other", "Dev", "us-gov-west-1", "D"), Key: "k"},
	} {
		ref, err := outputs.ParseRef(address, current)
		if want.Key == "" {
			require.Error(t, err, address)
			continue
		}
		require.NoError(t, err, address)
		require.Equal(t, want, ref, address)
		again, err := outputs.ParseRef(ref.String(), outputs.Instance{})
		require.NoError(t, err, ref.String())
		require.Equal(t, want, again)
	}
}

func TestParseRefRefuses(t *testing.T) {
	current := instance(t, "shop", "qa", "eu-west-1", "web")
	for address, why := range map[string]string{
		"":                `no key, want service.key`,
		"db":              `no key, want service.key`,
		"db.":             `no key, want service.key`,
		":dev::db":        `no key, want service.key`,
		".table":          `no service`,
		"dev:db.table":    `2 parts between colons, want service.key or app:stage:region:service.key`,
		"a:b:db.t":        `3 parts between colons, want service.key or app:stage:region:service.key`,
		"a:b:c:d:db.t":    `5 parts between colons, want service.key or app:stage:region:service.key`,
		":de/v::db.t":     `invalid stage name "de/v": byte 2 is '/', want A-Z, a-z, 0-9 or '-'`,
		"a b:dev::db.t":   `app "a b": want A-Z, a-z, 0-9, '-' or '_'`,
		"::é:db.t":        `region "é": want A-Z, a-z, 0-9, '-' or '_'`,
		"d b.t":           `service "d b": want A-Z, a-z, 0-9, '-' or '_'`,
		"db.obj.":         `path has an empty part`,
		"db.obj..a":       `path has an empty part`,
		"db.obj.a[x]":     `path at "[x]": want an index or a quoted key in brackets`,
		"db.obj.a[01]":    `path at "[01]": want an index or a quoted key in brackets`,
		"db.obj.a[-1]":    `path at "[-1]": want an index or a quoted key in brackets`,
		"db.obj.a[1":      `path at "[1": want an index or a quoted key in brackets`,
		"db.obj.a]":       `path at "a]": want a key without ']' and ':' (quote it in brackets)`,
		"db.obj.a[0]b":    `path at "b": want '.' or '['`,
		`db.obj["a`:       `path at "[\"a": the quoted key does not end`,
		`db.obj["a"b]`:    `path at "[\"a\"b]": no ']' after the quoted key`,
		`db.obj["\x"]`:    `path at "[\"\\x\"]": the key is not quoted as in JSON`,
		"db.a[:]":         `key "a[:]": a colon has no place there`,
		"db.t\xff":        `not UTF-8`,
		"other:dev:r:.a":  `no service`,
		"db.obj.a[0].b:c": `path at "b:c": want a key without ']' and ':' (quote it in brackets)`,
	} {
		_, err := outputs.ParseRef(address, current)
		require.Error(t, err, address)
		require.Contains(t, err.Error(), "output address ")
		require.ErrorContains(t, err, ": "+why, address)
	}
	for part, where := range map[string]outputs.Instance{
		"app":    instance(t, "", "qa", "eu-west-1", ""),
		"stage":  instance(t, "shop", "", "eu-west-1", ""),
		"region": instance(t, "shop", "qa", "", ""),
	} {
		_, err := outputs.ParseRef("db.table", where)
		require.EqualError(t, err, `output address "db.table": no `+part)
	}
}

// What String gives, ParseRef takes back.
func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"db.table", ":dev::db.a.b[0]", `a:b:c:d.e["f.\"g"].h`, "db.net[0].x", `db.x[["a"]`, `db.m[""]`, "a:b", `db.a["\ud800"]`} {
		f.Add(s)
	}
	current := instance(f, "shop", "qa", "eu-west-1", "web")
	f.Fuzz(func(t *testing.T, address string) {
		ref, err := outputs.ParseRef(address, current)
		if err != nil {
			require.Equal(t, outputs.Ref{}, ref)
			return
		}
		require.NotEmpty(t, ref.Key)
		again, err := outputs.ParseRef(ref.String(), outputs.Instance{})
		require.NoError(t, err, ref.String())
		require.Equal(t, ref, again, ref.String())
	})
}
