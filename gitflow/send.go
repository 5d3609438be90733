package gitflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// send pushes objects and updates in one request, all or none.
func (l *link) send(ctx context.Context, from *Repository, updates []RefUpdate) error {
	s, adv, err := l.write(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := compareAdvertised(adv, updates); err != nil {
		return err
	}
	req, err := updateRequest(adv, updates)
	if err != nil {
		return err
	}
	var wants []plumbing.Hash
	for _, u := range updates {
		if u.New == "" {
			continue
		}
		if err := from.checkRefObject(u); err != nil {
			return err
		}
		wants = append(wants, plumbing.NewHash(u.New))
	}
	if len(wants) > 0 {
		pack, err := from.pack(ctx, wants, slices.Collect(maps.Values(adv.References)), adv.Capabilities.Supports(capability.OFSDelta))
		if err != nil {
			return err
		}
		defer pack.Close()
		req.Packfile = pack
	}
	report, err := s.ReceivePack(ctx, req)
	if err == nil && report == nil && adv.Capabilities.Supports(capability.ReportStatus) {
		err = errors.New("the host did not say whether it took the push")
	}
	if err == nil {
		return nil
	}
	return l.whyRefused(ctx, updates, l.explain(ctx, err))
}

func updateRequest(adv *packp.AdvRefs, updates []RefUpdate) (*packp.ReferenceUpdateRequest, error) {
	req := packp.NewReferenceUpdateRequestFromCapabilities(adv.Capabilities)
	want := []capability.Capability{capability.Sideband64k, capability.OFSDelta}
	if len(updates) > 1 {
		if !adv.Capabilities.Supports(capability.Atomic) {
			return nil, errors.New("the host cannot move several branches at once (push them one by one)")
		}
		want = append(want, capability.Atomic)
	}
	for _, c := range want {
		if !adv.Capabilities.Supports(c) {
			continue
		}
		if err := req.Capabilities.Set(c); err != nil {
			return nil, err
		}
	}
	for _, u := range updates {
		req.Commands = append(req.Commands, &packp.Command{
			Name: plumbing.ReferenceName(u.Name), Old: plumbing.NewHash(u.Old), New: plumbing.NewHash(u.New),
		})
	}
	return req, nil
}

// whyRefused asks the host once more, because it does not say in a readable way
// that somebody else was faster, and because an answer that is lost says nothing.
func (l *link) whyRefused(ctx context.Context, updates []RefUpdate, refused error) error {
	s, adv, err := l.upload(ctx)
	if err != nil {
		return refused
	}
	defer s.Close()
	if moved := compareAdvertised(adv, updates); moved != nil {
		if allTaken(adv, updates) {
			return nil // only the answer was lost
		}
		return fmt.Errorf("%w (the host says: %w)", moved, refused)
	}
	return refused
}

func allTaken(adv *packp.AdvRefs, updates []RefUpdate) bool {
	taken := make([]RefUpdate, len(updates))
	for i, u := range updates {
		taken[i] = RefUpdate{Name: u.Name, Old: u.New}
	}
	return compareAdvertised(adv, taken) == nil
}
