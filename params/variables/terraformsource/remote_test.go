package terraformsource_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables/terraformsource"
)

// hcp is a server of the API with the workspaces net (ws-1, with a state), empty
// (ws-2, without) and busy (ws-3, which has one at the second try). States are on a
// host of their own, which gets no token.
func hcp(t *testing.T) (host string, client *http.Client, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	states := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent to another host")
		}
		fmt.Fprint(w, state)
	}))
	states.StartTLS()
	t.Cleanup(states.Close)
	api := httptest.NewUnstartedServer(nil)
	notFound := func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"errors":[{"status":"404","title":"not found"}]}`)
	}
	api.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer t0ken" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		ids := map[string]string{"net": "ws-1", "empty": "ws-2", "busy": "ws-3", "stray": "ws-4"}
		version := func(address string) {
			require.NoError(t, json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
				"id": "sv-1", "type": "state-versions", "attributes": map[string]any{"hosted-state-download-url": address},
			}}))
		}
		switch path := strings.TrimPrefix(r.URL.Path, "/api/v2/"); {
		case strings.HasPrefix(path, "organizations/acme/workspaces/"):
			id := ids[strings.TrimPrefix(path, "organizations/acme/workspaces/")]
			if id == "" {
				notFound(w)
				return
			}
			fmt.Fprintf(w, `{"data":{"id":%q,"type":"workspaces"}}`, id)
		case path == "workspaces/ws-1/current-state-version":
			version(api.URL + "/api/state-versions/sv-1/hosted_state")
		case path == "workspaces/ws-3/current-state-version":
			if asked.Load() == 1 {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			version(states.URL + "/object/1")
		case path == "workspaces/ws-4/current-state-version":
			version("file:///etc/passwd")
		case path == "workspaces/ws-2":
			fmt.Fprint(w, `{"data":{"id":"ws-2"}}`)
		case r.URL.Path == "/api/state-versions/sv-1/hosted_state":
			http.Redirect(w, r, states.URL+"/object/1", http.StatusFound)
		default:
			notFound(w)
		}
	})
	api.StartTLS()
	t.Cleanup(api.Close)
	return strings.TrimPrefix(api.URL, "https://"), api.Client(), asked
}

func TestRemote(t *testing.T) {
	host, client, asked := hcp(t)
	net := terraformsource.Remote{Hostname: host, Organization: "acme", Workspace: "net", Token: "t0ken", Client: client}
	check(t, net)
	require.EqualValues(t, 3, asked.Load(), "workspace, state version, download")
	check(t, terraformsource.Remote{Hostname: host, WorkspaceID: "ws-1", Token: "t0ken", Client: client})
	asked.Store(0)
	check(t, terraformsource.Remote{Hostname: host, WorkspaceID: "ws-3", Token: "t0ken", Client: client})

	for _, row := range []struct{ id, token, want string }{
		{"ws-2", "t0ken", "no value: there is no state at " + host + "/ws-2 (apply it first)"},
		{"ws-9", "t0ken", "terraform: " + host + "/ws-9: no such workspace, or the token may not read it"},
		{"ws-4", "t0ken", "terraform: " + host + "/ws-4: the state version has no address of the form https://HOST/PATH"},
		{"ws-1", "other", "terraform: " + host + "/ws-1: the token is not accepted"},
		{"ws-1", "", "terraform: " + host + "/ws-1: no token"},
		{"", "t0ken", "want workspaceId, or organization and workspace"},
	} {
		_, err := resolve(t, terraformsource.Remote{Hostname: host, WorkspaceID: row.id, Token: row.token, Client: client}, "a: ${terraform:outputs:x}\n")
		require.ErrorContains(t, err, row.want)
		require.NotContains(t, err.Error(), "t0ken")
	}
	net.Workspace = "none"
	_, err := resolve(t, net, "a: ${terraform:outputs:x, 'not used'}\n")
	require.ErrorContains(t, err, "/acme/none: no such workspace, or the token may not read it")
	net.Workspace = "empty"
	result, err := resolve(t, net, "a: ${terraform:outputs:x, 'fallback'}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": "fallback"}, result.Value())
	net.Hostname = "evil.example.com/path"
	require.EqualError(t, net.Check(), "the hostname is none, want one such as app.terraform.io")
}

func TestToken(t *testing.T) {
	file := []byte(`{"credentials": {"app.terraform.io": {"token": "of the file"}, "tf.my-team.example": {"token": "mine"}}}`)
	for _, row := range []struct {
		host string
		env  map[string]string
		want string
	}{
		{"", map[string]string{"TF_TOKEN_app_terraform_io": "of the host", "TF_CLOUD_TOKEN": "any"}, "of the host"},
		{"", map[string]string{"TF_CLOUD_TOKEN": "any"}, "any"},
		{"", nil, "of the file"},
		{"tf.my-team.example", map[string]string{"TF_TOKEN_tf_my__team_example": "dashes"}, "dashes"},
		{"tf.my-team.example", nil, "mine"},
		{"other.example", nil, ""},
	} {
		got, err := terraformsource.Token(row.host, row.env, file)
		require.NoError(t, err)
		require.Equal(t, row.want, got)
	}
	got, err := terraformsource.Token("", nil, nil)
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = terraformsource.Token("", nil, []byte("{"))
	require.EqualError(t, err, "terraform: the file of credentials is no JSON of one")
}
