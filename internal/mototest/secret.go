package mototest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// CreateSecret makes a secret of Secrets Manager in an account, by hand: nothing else
// needs its SDK.
func (s *Server) CreateSecret(t *testing.T, account, name, value string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"Name": name, "SecretString": value, "ClientRequestToken": strings.Repeat("0", 32)})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.assume(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "secretsmanager.CreateSecret")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+keys.AccessKeyID+"/20260101/"+Region+"/secretsmanager/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s", resp.Status, answer)
	}
}
