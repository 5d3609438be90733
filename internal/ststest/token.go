package ststest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Token returns a token of an OIDC issuer, such as
// "https://token.actions.githubusercontent.com", which the server takes for one of
// it. It is good for an hour.
func (s *Server) Token(issuer, subject, audience string) string {
	claims, _ := json.Marshal(map[string]any{ // of texts and a number: it cannot fail
		"iss": issuer, "sub": subject, "aud": audience, "exp": s.Clock().Add(time.Hour).Unix(),
	})
	text := encode([]byte(`{"alg":"HS256"}`)) + "." + encode(claims)
	return text + "." + encode(sign(text))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign stands for the signature of an issuer, whose keys AWS fetches.
func sign(text string) []byte {
	mac := hmac.New(sha256.New, []byte("the issuer's key"))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// assumeWeb gives out credentials for a token.
func (s *Server) assumeWeb(w http.ResponseWriter, form url.Values) {
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	part := strings.Split(form.Get("WebIdentityToken"), ".")
	if len(part) != 3 || part[2] != encode(sign(part[0]+"."+part[1])) {
		refuse(w, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")
		return
	}
	b, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(b, &claims) != nil {
		refuse(w, "InvalidIdentityToken", "The web identity token that was passed could not be decoded")
		return
	}
	if !s.now.Before(time.Unix(claims.Exp, 0)) {
		refuse(w, "ExpiredTokenException", "Token expired")
		return
	}
	arn := strings.Split(form.Get("RoleArn"), ":")
	host := strings.TrimPrefix(claims.Iss, "https://")
	trust, ok := s.roles[form.Get("RoleArn")]
	if !ok || !trust.Allows(Request{
		Action: "sts:AssumeRoleWithWebIdentity", Principal: "arn:" + arn[1] + ":iam::" + arn[4] + ":oidc-provider/" + host,
		Context: map[string]string{host + ":sub": claims.Sub, host + ":aud": claims.Aud, "sts:RoleSessionName": form.Get("RoleSessionName")},
	}) {
		refuse(w, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
		return
	}
	s.issue(w, "AssumeRoleWithWebIdentity", form)
}
