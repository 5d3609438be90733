package awsaccess

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slsflow/slsflow/profile"
)

// Runs keeps one provider for each profile and [Session], in memory alone, so that
// the steps of a run share credentials and no two runs do. The zero value is ready.
// It may be used concurrently.
type Runs struct {
	mu   sync.Mutex
	kept map[string]*kept
}

type kept struct {
	provider aws.CredentialsProvider
	used     time.Time
}

// Provider returns the provider that [New] made for the same profile, session,
// session policy and renewal, or makes it. The rest of o, and cfg, count for the first call.
// What was not asked for longer than [MaxDuration] is forgotten.
func (r *Runs) Provider(cfg aws.Config, p profile.Profile, s Session, o *Options) (aws.CredentialsProvider, error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	id, err := json.Marshal(struct {
		Profile profile.Profile
		Session Session
		Policy  string
		Early   time.Duration
	}{profile.Profile{Name: p.Name, Account: p.Account, Role: p.Role, ExternalID: p.ExternalID}, s, opt.Policy, opt.Early})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := opt.Now()
	for id, k := range r.kept {
		if now.Sub(k.used) > MaxDuration {
			delete(r.kept, id)
		}
	}
	if k := r.kept[string(id)]; k != nil {
		k.used = now
		return k.provider, nil
	}
	provider, err := New(cfg, p, s, &opt)
	if err != nil {
		return nil, err
	}
	if r.kept == nil {
		r.kept = make(map[string]*kept)
	}
	r.kept[string(id)] = &kept{provider, now}
	return provider, nil
}
