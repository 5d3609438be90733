package terminal_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

func rows() []terminal.Row {
	out := func(kv ...string) (outs []terminal.Output) {
		for i := 0; i < len(kv); i += 2 {
			outs = append(outs, terminal.Output{Key: kv[i], Value: kv[i+1]})
		}
		return outs
	}
	return []terminal.Row{
		{
			Stage: "alice", Service: "fullstack-restapi", Commit: "0123456789abcdef-dirty", Profile: "dev", Account: "111111111111",
			Outputs: out("url", "https://abcdefghij.execute-api.us-east-1.amazonaws.com/alice"),
		},
		{
			Stage: "dev", Service: "fullstack-database", Commit: "0123456789abcdef", Profile: "dev", Account: "111111111111",
			Outputs: out("database_submissions_name", "submissions-dev", "database_submissions_region", "us-east-1"),
		},
		{Stage: "staging", Service: "fullstack-frontend", Commit: "fedcba9876543210", Profile: "staging", Account: "222222222222"},
		{Stage: "staging", Service: "データ", Profile: "staging", Account: "222222222222", Outputs: out("キー", "値", "two", "1\n2")},
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, terminal.Table(&out, 100, rows()))
	line := strings.Repeat("─", 100) + "\n"
	require.Equal(t, `stage    service             commit    profile  account       outputs
`+line+`alice    fullstack-restapi   01234567  dev      111111111111  url:
                             -dirty                             https://abcdefghij.execute-api.us-ea
                                                                st-1.amazonaws.com/alice
`+line+`dev      fullstack-database  01234567  dev      111111111111  database_submissions_name:
                                                                submissions-dev
                                                              database_submissions_region: us-east-1
`+line+`staging  fullstack-frontend  fedcba98  staging  222222222222
staging  データ                        staging  222222222222  キー: 値
                                                              two:
                                                                1
                                                                2
`, out.String())
}

func TestTableFits(t *testing.T) {
	many := append(rows(), terminal.Row{
		Stage: strings.Repeat("feature-x-", 8), Service: strings.Repeat("語", 50), Commit: "abc\x1b[2J", Profile: strings.Repeat("p", 70),
		Account: "\x1b[31m1", Outputs: []terminal.Output{{Key: strings.Repeat("k", 90), Value: "\x1b]0;x\a" + strings.Repeat("v ", 90)}},
	})
	for _, width := range []int{0, 60, 61, 80, 100, 200} {
		var out bytes.Buffer
		require.NoError(t, terminal.Table(&out, width, many))
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			require.LessOrEqual(t, text.StringWidthWithoutEscSequences(line), max(width, 60), line)
			require.NotContains(t, line, "\x1b")
		}
		require.Equal(t, 50, strings.Count(out.String(), "語"))
		require.Equal(t, 90, strings.Count(out.String(), "k")-strings.Count("fullstack fullstack fullstack", "k"))
	}
}

func TestTableWithoutRows(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, terminal.Table(&out, 100, nil))
	require.True(t, strings.HasPrefix(out.String(), "stage  service  commit  profile  account  outputs\n"), out.String())
	require.ErrorIs(t, terminal.Table(&failing{writes: 1}, 100, rows()), errGone)
}

func TestRowOf(t *testing.T) {
	dev, err := stage.Parse("dev")
	require.NoError(t, err)
	row := terminal.RowOf(outputs.Record{
		Instance: outputs.Instance{App: "fullstack", Service: "api", Stage: dev, Region: "us-east-1"},
		Commit:   "0123456789", Profile: "dev", Account: "111111111111",
		Outputs: map[string]outputs.Output{
			"url":    {Value: json.RawMessage(`"https://example.com"`)},
			"list":   {Value: json.RawMessage(`["a",  1]`)},
			"key":    {Secret: true},
			"broken": {Value: json.RawMessage(`{`)},
		},
	})
	require.Equal(t, terminal.Row{
		Stage: "dev", Service: "api", Commit: "0123456789", Profile: "dev", Account: "111111111111",
		Outputs: []terminal.Output{
			{Key: "broken", Value: "{"},
			{Key: "key", Value: "REDACTED"},
			{Key: "list", Value: `["a",1]`},
			{Key: "url", Value: "https://example.com"},
		},
	}, row)
}
