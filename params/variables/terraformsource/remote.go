package terraformsource

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slsflow/slsflow/internal/httpget"
)

// DefaultHostname is that of HCP Terraform, which was called Terraform Cloud.
const DefaultHostname = "app.terraform.io"

// Remote is the current state of a workspace of HCP Terraform or Terraform
// Enterprise, which the backend "remote" and the block "cloud" write to. See
// https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions.
type Remote struct {
	// Hostname may have a port. Default: [DefaultHostname].
	Hostname string
	// WorkspaceID names the workspace, such as "ws-6jrRyVDv1J8zQMB5", or
	// Organization and Workspace do.
	WorkspaceID             string
	Organization, Workspace string
	// Token is sent to Hostname and to no other host. Required; see [Token].
	Token string
	// Client is what to ask with. Default: one of its own.
	Client *http.Client
	// Timeout bounds each of two or three requests, which are tried three times.
	// Default: 30 seconds.
	Timeout time.Duration
}

// Check says what is missing.
func (r Remote) Check() error {
	host := cmp.Or(r.Hostname, DefaultHostname)
	switch u, err := url.Parse("https://" + host); {
	case err != nil || u.Host != host || u.Hostname() == "":
		return errors.New("the hostname is none, want one such as " + DefaultHostname)
	case r.WorkspaceID == "" && (r.Organization == "" || r.Workspace == ""):
		return errors.New("want workspaceId, or organization and workspace")
	case r.WorkspaceID != "" && (r.Organization != "" || r.Workspace != ""):
		return errors.New("want workspaceId, or organization and workspace, and not both")
	case r.Token == "":
		return errors.New("no token")
	}
	return nil
}

// Read fetches the state. A workspace that nothing was applied in has none.
func (r Remote) Read(ctx context.Context) ([]byte, bool, error) {
	if err := r.Check(); err != nil {
		return nil, false, fmt.Errorf("%s: %w", r, err)
	}
	id := r.WorkspaceID
	if id == "" {
		var answer struct{ Data struct{ ID string } }
		found, err := r.ask(ctx, "organizations/"+url.PathEscape(r.Organization)+"/workspaces/"+url.PathEscape(r.Workspace), &answer)
		if err == nil && (!found || answer.Data.ID == "") {
			err = errNoWorkspace
		}
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", r, err)
		}
		id = answer.Data.ID
	}
	var answer struct {
		Data struct {
			Attributes struct {
				URL string `json:"hosted-state-download-url"`
			}
		}
	}
	workspace := "workspaces/" + url.PathEscape(id)
	found, err := r.ask(ctx, workspace+"/current-state-version", &answer)
	if err == nil && !found && r.WorkspaceID != "" { // no state, or no workspace
		var exists bool
		if exists, err = r.ask(ctx, workspace, nil); err == nil && !exists {
			err = errNoWorkspace
		}
	}
	if err == nil && !found {
		return nil, false, nil
	}
	var state []byte
	if err == nil {
		state, err = r.download(ctx, answer.Data.Attributes.URL)
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", r, err)
	}
	return state, true, nil
}

var errNoWorkspace = errors.New("no such workspace, or the token may not read it")

// ask asks the API. It is false for what does not exist.
func (r Remote) ask(ctx context.Context, path string, answer any) (bool, error) {
	status, body, err := r.get(ctx, "https://"+cmp.Or(r.Hostname, DefaultHostname)+"/api/v2/"+path, true)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusNotFound:
		return false, nil
	case status == http.StatusUnauthorized:
		return false, errors.New("the token is not accepted")
	case status != http.StatusOK:
		return false, fmt.Errorf("%d %s", status, http.StatusText(status))
	case answer == nil:
		return true, nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return false, errors.New("the answer is no JSON of its API")
	}
	return true, nil
}

// download fetches a state, which may be on another host: that gets no token.
func (r Remote) download(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("the state version has no address of the form https://HOST/PATH")
	}
	status, body, err := r.get(ctx, address, u.Host == cmp.Or(r.Hostname, DefaultHostname))
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%d %s", status, http.StatusText(status))
	}
	if err != nil {
		return nil, fmt.Errorf("download of the state: %w", err)
	}
	return body, nil
}

func (r Remote) get(ctx context.Context, address string, withToken bool) (int, []byte, error) {
	header := http.Header{}
	if withToken {
		header.Set("Authorization", "Bearer "+r.Token)
		header.Set("Content-Type", "application/vnd.api+json")
	}
	return httpget.Get(ctx, httpget.Request{URL: address, Header: header, Elsewhere: true, Client: r.Client, Timeout: r.Timeout})
}

// String returns the name of the workspace.
func (r Remote) String() string {
	return cmp.Or(r.Hostname, DefaultHostname) + "/" + cmp.Or(r.WorkspaceID, r.Organization+"/"+r.Workspace)
}

// Token returns the token for a host as Terraform finds it, or "": the environment
// variable TF_TOKEN_<host>, with "_" for each dot and "__" for each dash, else
// TF_CLOUD_TOKEN, else that of the file of credentials, whose content is given
// (~/.terraform.d/credentials.tfrc.json, or nil).
func Token(hostname string, env map[string]string, credentials []byte) (string, error) {
	hostname = cmp.Or(hostname, DefaultHostname)
	name := "TF_TOKEN_" + strings.NewReplacer(".", "_", "-", "__").Replace(hostname)
	if token := cmp.Or(env[name], env["TF_CLOUD_TOKEN"]); token != "" || len(credentials) == 0 {
		return token, nil
	}
	var file struct {
		Credentials map[string]struct{ Token string }
	}
	if err := json.Unmarshal(credentials, &file); err != nil {
		return "", errors.New("terraform: the file of credentials is no JSON of one")
	}
	return file.Credentials[hostname].Token, nil
}
