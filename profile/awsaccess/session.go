package awsaccess

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/slsflow/slsflow/stage"
)

// Session says what credentials are for. It is in the logs of AWS, and policies
// can ask for it: its parts are the session tags "slsflow:app", "slsflow:stage"
// and "slsflow:run", which the role's trust policy must allow by sts:TagSession.
// Parts that are empty are left out; a Session without any needs no such right.
type Session struct {
	App   string
	Stage stage.Name
	Run   string
	// Service is no tag. It tells [StagePolicy] what is deployed.
	Service string
}

// Bounds of https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
// and API_Tag.html.
const (
	sessionNameSize = 64
	tagValueSize    = 256
)

// name returns the name of the session: "slsflow-" and the run, as far as AWS
// takes it. A run that does not fit gets a part of its hash, so that two of them
// do not look alike.
func (s Session) name() string {
	if s.Run == "" {
		return "slsflow"
	}
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '-'
	}, "slsflow-"+s.Run)
	if name == "slsflow-"+s.Run && len(name) <= sessionNameSize {
		return name
	}
	sum := sha256.Sum256([]byte(s.Run))
	hash := "-" + hex.EncodeToString(sum[:])[:16]
	return name[:min(len(name), sessionNameSize-len(hash))] + hash
}

func (s Session) tags() []types.Tag {
	var tags []types.Tag
	for _, t := range []struct{ key, value string }{
		{"slsflow:app", s.App}, {"slsflow:stage", s.Stage.String()}, {"slsflow:run", s.Run},
	} {
		if t.value != "" {
			tags = append(tags, types.Tag{Key: aws.String(t.key), Value: aws.String(tagValue(t.value))})
		}
	}
	return tags
}

// tagValue returns s with "-" for each character that a tag may not hold.
func tagValue(s string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.Is(unicode.Zs, r) || unicode.IsNumber(r) || strings.ContainsRune("_.:/=+-@", r) {
			return r
		}
		return '-'
	}, s))
	return string(runes[:min(len(runes), tagValueSize)])
}
