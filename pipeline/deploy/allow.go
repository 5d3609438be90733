package deploy

import (
	"slices"
	"strings"
)

// allowed are the variables of the caller's environment that every command
// gets: what a shell, node, npm, python and the Serverless Framework need to
// find their files, and nothing that identifies anybody. A name that ends in "*"
// allows all that begin so.
//
//nolint:gochecknoglobals // a table
var allowed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TEMP", "TMP",
	"CI", "NO_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SystemRoot", "ComSpec", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", // Windows
}

// reserved are the names that no param is exported under, since they decide
// which program a command is and whose files it finds.
//
//nolint:gochecknoglobals // a table
var reserved = []string{
	"PATH", "HOME", "SHELL", "IFS", "PWD", "BASH_ENV", "LD_*", "DYLD_*",
	"SystemRoot", "ComSpec", "PATHEXT", "USERPROFILE",
}

// Allow returns those of environ ("NAME=value", as os.Environ gives them) that
// commands may have: a fixed list of harmless names, and the further ones that
// the caller trusts every service with ("NAME", or "PREFIX*" for all that begin
// so). It is how a parent's environment becomes [Executor.Env]; nothing else of
// it reaches a child.
//
// Variables that choose credentials, such as AWS_PROFILE, reach no step of an
// Executor that has an [Access], even if they are allowed here.
func Allow(environ []string, further ...string) map[string]string {
	env := make(map[string]string)
	for _, nameValue := range environ {
		name, value, ok := strings.Cut(nameValue, "=")
		if ok && (permits(allowed, name) || permits(further, name)) {
			env[name] = value
		}
	}
	return env
}

func permits(list []string, name string) bool {
	return slices.ContainsFunc(list, func(p string) bool {
		prefix, open := strings.CutSuffix(p, "*")
		return name == p || open && strings.HasPrefix(name, prefix)
	})
}

// choosesCredentials reports whether a variable decides as whom an AWS program
// acts. The Serverless command lines read AWS_<STAGE>_PROFILE and the like too,
// and prefer them, and AWS_PROFILE, to AWS_ACCESS_KEY_ID.
func choosesCredentials(name string) bool {
	if !strings.HasPrefix(name, "AWS_") {
		return false
	}
	return strings.HasPrefix(name, "AWS_CONTAINER_") || slices.ContainsFunc([]string{
		"_PROFILE", "_ACCESS_KEY_ID", "_SECRET_ACCESS_KEY", "_SESSION_TOKEN", "_SECURITY_TOKEN",
		"_ROLE_ARN", "_TOKEN_FILE", "_CONFIG_FILE", "_CREDENTIALS_FILE",
	}, func(end string) bool { return strings.HasSuffix(name, end) })
}
