package gitflow

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Signer signs a commit: it gets the bytes that git signs, and returns the
// signature as git keeps it, armored, such as `gpg --detach-sign --armor` or
// `ssh-keygen -Y sign -n git` print it. See [SSHSigner].
type Signer func(ctx context.Context, commit []byte) (signature string, err error)

// sign returns the signature of a commit that has none yet.
func (s Signer) sign(ctx context.Context, commit []byte) (string, error) {
	signature, err := s(ctx, commit)
	if err != nil {
		return "", fmt.Errorf("sign commit: %w", err)
	}
	signature = strings.TrimRight(signature, "\n") + "\n"
	if !strings.HasPrefix(signature, "-----BEGIN ") || strings.Contains(signature, "\x00") {
		return "", errors.New("sign commit: the signer gave no armored signature")
	}
	return signature, nil
}

// SSHSigner signs with a private key, which may be one of a key service, as
// git does with gpg.format=ssh. The form is described in PROTOCOL.sshsig of
// OpenSSH. Keys are Ed25519, ECDSA and RSA.
func SSHSigner(key crypto.Signer) (Signer, error) {
	signer, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		return nil, fmt.Errorf("gitflow: ssh signer: %w", err)
	}
	return func(_ context.Context, commit []byte) (string, error) {
		const namespace, hash = "git", "sha512"
		sum := sha512.Sum512(commit)
		signed := "SSHSIG" + string(ssh.Marshal(struct {
			Namespace, Reserved, Hash string
			Sum                       []byte
		}{namespace, "", hash, sum[:]}))
		sig, err := signSSH(signer, []byte(signed))
		if err != nil {
			return "", err
		}
		blob := "SSHSIG" + string(ssh.Marshal(struct {
			Version                   uint32
			Key                       []byte
			Namespace, Reserved, Hash string
			Signature                 []byte
		}{1, signer.PublicKey().Marshal(), namespace, "", hash, ssh.Marshal(sig)}))
		return string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: []byte(blob)})), nil
	}, nil
}

// signSSH uses SHA-512 with an RSA key, for which SHA-1 would be the default and
// is refused by OpenSSH.
func signSSH(signer ssh.Signer, data []byte) (*ssh.Signature, error) {
	if with, ok := signer.(ssh.AlgorithmSigner); ok && signer.PublicKey().Type() == ssh.KeyAlgoRSA {
		return with.SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSASHA512)
	}
	return signer.Sign(rand.Reader, data)
}
