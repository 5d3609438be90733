package deploy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A deployment is warned of a deprecated output, and does not get it when its last
// day is over, also by an address that no plan has seen.
func TestDeprecatedOutputs(t *testing.T) {
	h := build(t, strings.Replace(pair, "{dir: db}", "{dir: db, deprecatedOutputs: {table: 2026-12-01}}", 1))
	require.Contains(t, read(t, h.repo, "slsflow.yml"), "deprecatedOutputs")
	now := time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC)
	h.exec.Now = func() time.Time { return now }
	h.run(t, alice("db"))
	h.write(t, "api/serverless.yml", "service: api\ncustom: {key: table, t: '${output:db.${self:custom.key}}', f: \"${output:db.${self:custom.key}, 'none'}\"}\n")
	st := h.run(t, alice("api"))
	require.Contains(t, h.log(t, st, "deploy api", "deploy"), "warning: the output table of db is deprecated, and can be read until 2026-12-01\n")

	now = now.Add(time.Hour)
	st = h.try(t, alice("api"))
	require.ErrorContains(t, st.Err(), "no value: the output table of db is deprecated, and its last day is over (do without it)")
	h.write(t, "api/serverless.yml", "service: api\ncustom: {key: table, f: \"${output:db.${self:custom.key}, 'none'}\"}\n")
	h.run(t, alice("api"))
	require.Contains(t, h.rendered(t, "api", "alice"), `"f": "none"`)
	require.Empty(t, h.history(t, "api", "alice")[0].Reads)
}
