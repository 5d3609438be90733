package gitflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// SSH is how to log in over ssh. The zero value uses the agent and the known
// hosts of the user. No other configuration of ssh is read.
type SSH struct {
	// Key is a private key in a form that ssh-keygen writes. Default: the keys of
	// the agent.
	Key []byte `json:"-"`
	// Passphrase decrypts Key.
	Passphrase string `json:"-"`
	// Agent is the socket of an agent. Default: that in SSH_AUTH_SOCK.
	Agent string
	// KnownHosts are files with the keys of hosts. A host that is not in them is
	// refused. Default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.
	KnownHosts []string
}

// connect logs in to the host.
func (l *link) connect(ctx context.Context) (*ssh.Client, error) {
	addr := l.place.host
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), "22")
	}
	config, done, err := l.sshConfig(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer done()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(conn, addr, config)
	if err != nil {
		_ = conn.Close()
		return nil, explainSSH(addr, err)
	}
	return ssh.NewClient(c, channels, requests), nil
}

// sshConfig says who logs in, and which keys the host may have. Call done after
// the login.
func (l *link) sshConfig(ctx context.Context, addr string) (config *ssh.ClientConfig, done func(), err error) {
	o := l.remote.SSH
	files := o.KnownHosts
	if len(files) == 0 {
		files = defaultKnownHosts()
	}
	hosts, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, nil, fmt.Errorf("known hosts: %w", err)
	}
	user := l.username
	if user == "" {
		user = "git"
	}
	config = &ssh.ClientConfig{User: user, HostKeyCallback: hosts.HostKeyCallback(), HostKeyAlgorithms: hosts.HostKeyAlgorithms(addr)}
	done = func() {}
	switch {
	case len(o.Key) > 0:
		signer, err := parseKey(o.Key, o.Passphrase)
		if err != nil {
			return nil, nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	case l.password == "":
		socket := o.Agent
		if socket == "" {
			socket = os.Getenv("SSH_AUTH_SOCK")
		}
		if socket == "" {
			return nil, nil, errors.New("there is no key and no agent (set SSH.Key, or start ssh-agent)")
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, nil, fmt.Errorf("agent: %w", err)
		}
		done = func() { _ = conn.Close() }
		config.Auth = append(config.Auth, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	}
	if l.password != "" {
		config.Auth = append(config.Auth, ssh.Password(l.password))
	}
	return config, done, nil
}

func parseKey(text []byte, passphrase string) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(text)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted && passphrase != "" {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase))
	}
	if err != nil {
		return nil, fmt.Errorf("SSH.Key: %w", err)
	}
	return signer, nil
}

// defaultKnownHosts returns those of the usual files that are there.
func defaultKnownHosts() []string {
	var files []string
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".ssh", "known_hosts"))
	}
	var there []string
	for _, file := range append(files, "/etc/ssh/ssh_known_hosts") {
		if _, err := os.Stat(file); err == nil {
			there = append(there, file)
		}
	}
	return there
}

// explainSSH says what can be done about a failed login.
func explainSSH(addr string, err error) error {
	switch {
	case knownhosts.IsHostUnknown(err):
		return fmt.Errorf("the key of %s is not among the known hosts (compare it with what its owner says, then add it to known_hosts: ssh-keyscan prints it): %w", addr, err)
	case knownhosts.IsHostKeyChanged(err):
		return fmt.Errorf("%s has another key than the known hosts say: it is another host, or its key was replaced (ask its owner before you change known_hosts): %w", addr, err)
	}
	if strings.Contains(err.Error(), "unable to authenticate") {
		return fmt.Errorf("%s does not let this key in (add its public part to the account there): %w", addr, err)
	}
	return fmt.Errorf("log in to %s: %w", addr, err)
}
